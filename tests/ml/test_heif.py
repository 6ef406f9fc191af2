"""HEIC and AVIF files are decoded, and those that state less than they contain are refused."""

import struct
from functools import cache

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from ml.preprocessing.decode import BadImageError, decode
from ml.preprocessing.decode_cost import estimate
from tests.fuzz.corpus import encoded

FORMATS = ("HEIC", "AVIF")
GRADIENT = Image.linear_gradient("L").resize((300, 200)).convert("RGB")
SMALL = Image.new("RGB", (80, 80))


@cache
def large(format):
    """Return a file of 16 million pixels."""
    return encoded(Image.new("RGB", (4000, 4000), (200, 200, 200)), format)


def error_code(data):
    """Return the code of the error, or None if the file is decoded."""
    try:
        decode(data)
    except BadImageError as error:
        return error.code
    return None


def orientation(number):
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


def box(data, kind):
    """Return where the content of a box begins and ends."""
    start = data.index(kind) + 4
    return start, start - 8 + int.from_bytes(data[start - 8 : start - 4])


def stating(data, width, height):
    """Return the file with another size in its container."""
    start, end = box(data, b"ispe")
    assert data.count(b"ispe") == 1
    return data[: start + 4] + struct.pack(">II", width, height) + data[end:]


def with_stream(data, stream):
    """Return a file of one image with another stream. The length is at the end of `iloc`."""
    _, end = box(data, b"iloc")
    start, _ = box(data, b"mdat")
    header = data[: end - 4] + struct.pack(">I", len(stream)) + data[end : start - 8]
    return header + struct.pack(">I4s", 8 + len(stream), b"mdat") + stream


def stream_of(data):
    start, end = box(data, b"mdat")
    return data[start:end]


@pytest.mark.parametrize("format", FORMATS)
def test_decodes_the_same_pixels_as_from_a_png(format):
    decoded = decode(encoded(GRADIENT, format))
    assert decoded.shape == (200, 300)
    assert np.abs(decoded.astype(int) - decode(encoded(GRADIENT, "PNG"))).mean() < 3


@pytest.mark.parametrize("options", [{}, {"tile_size": 512}])
def test_shrinks_a_photo(options):
    photo = GRADIENT.resize((3024, 2016))
    decoded = decode(encoded(photo, "HEIC", **options))
    expected = decode(encoded(photo, "PNG"))
    assert decoded.shape == expected.shape
    assert np.abs(decoded.astype(int) - expected).mean() < 3


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("number", range(1, 9))
def test_turns_a_photo_upright_once(format, number):
    image = Image.composite(GRADIENT, SMALL.resize(GRADIENT.size), GRADIENT.convert("L").rotate(30))
    exif = orientation(number).tobytes()
    turned = encoded(image, format, exif=exif)
    expected = decode(encoded(image, "JPEG", exif=exif, quality=95))
    assert np.abs(decode(turned).astype(int) - expected).mean() < 3


def test_rejects_photos_with_more_tiles_as_too_large():
    photo = Image.new("L", (1100, 1100))
    assert error_code(encoded(photo, "HEIC", tile_size=64)) == "image_too_large"


def test_decodes_a_tiled_photo_of_12_megapixels():
    photo = GRADIENT.resize((4032, 3024))
    assert error_code(encoded(photo, "HEIC", tile_size=512)) is None


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("side", [80, 1000, 3900])
def test_rejects_a_large_image_that_states_a_small_size(format, side):
    assert error_code(stating(large(format), side, side)) in {
        "image_too_large", "damaged_image"
    }  # fmt: skip


def test_the_decoder_itself_refuses_a_larger_stream_than_stated():
    """The parameters in the stream override those that the estimate has read."""
    with pytest.raises(RuntimeError, match="Security limit exceeded"):
        np.asarray(pillow_heif.open_heif(stating(large("HEIC"), 80, 80))[0])


def test_rejects_a_stated_size_that_is_too_large():
    for format in FORMATS:
        assert error_code(stating(encoded(SMALL, format), 9000, 9000)) == "image_too_large"


def test_rejects_an_image_without_a_size():
    for format in FORMATS:
        assert error_code(encoded(SMALL, format).replace(b"ispe", b"free")) == "damaged_image"


def test_rejects_several_pictures_in_one_stream():
    data = encoded(SMALL, "HEIC")
    assert error_code(with_stream(data, stream_of(data))) is None
    assert error_code(with_stream(data, 2 * stream_of(data))) == "damaged_image"


def test_rejects_a_picture_that_depends_on_missing_ones():
    """The decoder would make up to 16 pictures in their place."""
    data = encoded(SMALL, "HEIC")
    stream = bytearray(stream_of(data))
    assert stream[4] >> 1 in {19, 20}
    stream[4] = 1 << 1
    assert error_code(with_stream(data, bytes(stream))) == "damaged_image"


def test_counts_each_slice_as_a_picture():
    data = encoded(Image.new("RGB", (2000, 2000)), "HEIC")
    stream = stream_of(data)
    later = bytearray(stream)
    later[6] &= 127  # not the first slice
    assert estimate(with_stream(data, stream + 20 * later)).is_too_slow


def test_rejects_parameters_within_a_stream():
    data = encoded(SMALL, "HEIC")
    unit = struct.pack(">I", 5) + bytes([33 << 1, 1, 0, 0, 0])
    assert error_code(with_stream(data, unit + stream_of(data))) == "damaged_image"


def test_counts_all_frames_of_an_avif():
    data = encoded(Image.new("RGB", (1000, 1000)), "AVIF")
    assert error_code(with_stream(data, stream_of(data))) is None
    assert error_code(with_stream(data, 3 * stream_of(data))) == "image_too_large"


def test_rejects_items_that_share_bytes():
    """A hundred tiles could otherwise share the bytes of one."""
    data = encoded(Image.new("RGB", (256, 256)), "HEIC", tile_size=128)
    start, end = box(data, b"iloc")
    assert error_code(data) is None
    extents = data[end - 8 : end]
    whole = struct.pack(">II", 8, len(data) - 8)
    shared = data[start:end].replace(extents, whole)
    assert error_code(data[:start] + shared + data[end:]) == "damaged_image"


def test_rejects_a_tile_that_is_used_twice():
    data = encoded(Image.new("RGB", (256, 256)), "HEIC", tile_size=128)
    start, end = box(data, b"dimg")
    twice = data[start : start + 4] + 4 * data[start + 4 : start + 6]
    assert error_code(data[:start] + twice + data[end:]) == "damaged_image"


def test_rejects_a_grid_larger_than_stated():
    data = encoded(Image.new("RGB", (256, 256)), "HEIC", tile_size=128)
    start, _ = box(data, b"idat")
    larger = struct.pack(">BBBBHH", 0, 0, 1, 1, 30_000, 30_000)
    assert error_code(data[:start] + larger + data[start + 8 :]) == "damaged_image"


@pytest.mark.parametrize("format", FORMATS)
def test_rejects_or_decodes_a_file_with_any_byte_changed(format):
    data = encoded(SMALL, format, quality=20)
    for offset in range(0, len(data), 2):
        error_code(data[:offset] + bytes([data[offset] ^ 0x41]) + data[offset + 1 :])


def test_estimates_more_time_for_more_bits():
    plain = estimate(encoded(GRADIENT, "HEIC", chroma=420)).microseconds
    assert estimate(encoded(GRADIENT, "HEIC", chroma=444)).microseconds > 1.5 * plain
