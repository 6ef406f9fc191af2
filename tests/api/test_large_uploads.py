"""Large uploads stay in memory, so that the site predicts while the disk is full."""

import io
import tempfile

from PIL import Image

from tests.support.factories import drawing_png, png


def test_predicts_without_room_for_a_temporary_file(visitor, monkeypatch, tmp_path):
    drawing = Image.open(io.BytesIO(drawing_png(7))).resize((2000, 2000))
    data = png(drawing, compress_level=0)
    assert 3_000_000 < len(data) < 10_000_000
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nothing"))
    response = visitor.recognize(data)
    assert (response.status_code, response.json()["digit"]) == (200, 7)


def test_pages_ignore_a_large_file_without_writing_it(visitor, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nothing"))
    visitor.raise_request_exception = False
    file = io.BytesIO(bytes(10_050_000))
    assert visitor.post("/login/", {"file": file, "username": "ana"}).status_code == 200
