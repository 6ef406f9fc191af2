"""Datasets are UTF-8, whatever the locale of the system is."""

import base64
import json

import pytest

from tests.support.live_site import Site

# A locale whose encoding is ASCII. On Windows, it is usually not UTF-8 either.
ASCII = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def line(writer, grey):
    """Return a drawing in NDJSON that is evenly grey."""
    pixels = base64.b64encode(bytes([grey] * 784)).decode()
    return json.dumps({"label": 3, "writer": writer, "pixels": pixels}, ensure_ascii=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"), DATABASE_URL="")
    site.prepare()
    options = ("--no-input", "--username=rosa", "--email=rosa@digits.example")
    site.manage("createsuperuser", *options, DJANGO_SUPERUSER_PASSWORD="a long password")
    return site


def test_imports_and_exports_utf_8_in_another_locale(site, tmp_path):
    file, folder = tmp_path / "drawings.ndjson", tmp_path / "out"
    file.write_text(line("Zoë", 255), encoding="utf-8")
    done = site.manage("import_dataset", "ndjson", str(file), "--by=rosa", **ASCII)
    assert "Stored 1 of 1 drawings." in done.stdout, done.stderr
    done = site.manage("export_dataset", "ndjson", str(folder), "--by=rosa", **ASCII)
    assert done.returncode == 0, done.stderr
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert card["pixels"].startswith("28×28 bytes")


def test_imports_ndjson_with_a_byte_order_mark(site, tmp_path):
    file = tmp_path / "drawings.ndjson"
    file.write_text(line("Chloé", 254), encoding="utf-8-sig")
    done = site.manage("import_dataset", "ndjson", str(file), "--by=rosa")
    assert "Stored 1 of 1 drawings." in done.stdout, done.stderr
