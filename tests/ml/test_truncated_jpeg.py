"""A JPEG that lacks its last bytes is decoded if at least 95% of its rows are there."""

import pytest
from PIL import Image

from ml.preprocessing.decode import BadImageError, decode
from tests.fuzz.corpus import encoded

NOISE = Image.effect_noise((480, 500), 40)
MODES = {"grey": NOISE, "colour": NOISE.convert("RGB"), "photo": NOISE.resize((2400, 2500))}


@pytest.mark.parametrize("name", MODES)
def test_leaves_out_the_missing_rows(name):
    data = encoded(MODES[name], "JPEG")
    whole, cut = decode(data), decode(data[: int(0.97 * len(data))])
    assert abs(cut.shape[0] / cut.shape[1] - 0.95 * whole.shape[0] / whole.shape[1]) < 0.01
    if name != "photo":  # It is shrunk.
        assert (cut[:-16] == whole[: len(cut) - 16]).all()


@pytest.mark.parametrize("name", MODES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8, 0.93])
def test_rejects_a_jpeg_that_lacks_more(name, share):
    data = encoded(MODES[name], "JPEG")
    with pytest.raises(BadImageError) as raised:
        decode(data[: int(share * len(data))])
    assert raised.value.code == "damaged_image"


def test_leaves_out_nothing_if_only_the_marker_of_the_end_is_missing():
    data = encoded(NOISE, "JPEG")
    assert (decode(data[:-2]) == decode(data)).all()


@pytest.mark.parametrize("options", [{"progressive": True}, {}])
def test_rejects_a_truncated_progressive_or_cmyk_jpeg(options):
    image = NOISE if options else NOISE.convert("CMYK")
    data = encoded(image, "JPEG", **options)
    with pytest.raises(BadImageError, match="damaged or incomplete"):
        decode(data[: int(0.97 * len(data))])
