"""`python -m tests.fuzz.bombs COUNT`: decode decompression bombs and similar files.

The files are made to cost much memory or time. Prints JSON: the growth of the process's memory
in MB, and the longest time for each kind of file in seconds.
"""

import json
import struct
import sys
import time
import zlib
from contextlib import suppress
from itertools import cycle, islice

from PIL import Image

from ml.preprocessing.decode import BadImageError, decode
from tests.fuzz import heif_bombs
from tests.fuzz.corpus import GREY, encoded, png_chunk

TINY_PARTS_BYTES = 150_000  # total size of the repeated parts in a file
EXIF_ENTRIES = 1200
MAX_SIDE = 3600  # pixels; a square with this side is just accepted
LONG = 9_500_000  # bytes; a body may have ten million
JPEG_FRAME = b"\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x11\0"  # the header of one pixel
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(side, *parts, cut=0):
    """Return a PNG of a black square with one bit per pixel, and with `parts` before the pixels.

    The last `cut` bytes of the compressed pixels are missing.
    """
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((side // 8 + 2) * side), 9)
    whole = [png_chunk(b"IHDR", header), *parts, png_chunk(b"IDAT", pixels[: len(pixels) - cut])]
    return SIGNATURE + b"".join(whole) + png_chunk(b"IEND", b"")


def compressed_chunk(size, kind, prefix):
    """Return a chunk of a PNG that unpacks to `size` zero bytes."""
    return png_chunk(kind, prefix + zlib.compress(bytes(size), 9))


def jpeg_of_many_scans():
    """Return a JPEG that repeats its last scan. Each copy has 51 bytes and 13 million pixels."""
    data = encoded(Image.new("L", (MAX_SIDE, MAX_SIDE), 255), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xc4")
    return data[:-2] + data[last:-2] * (TINY_PARTS_BYTES // (len(data) - last)) + data[-2:]


def insert_before(data, mark, part):
    """Return `data` with many copies of `part` before the first `mark`."""
    offset = data.index(mark)
    return data[:offset] + part * (TINY_PARTS_BYTES // len(part)) + data[offset:]


def webp(side):
    """Return a WebP of four pixels whose header declares a canvas of `side` × `side`."""
    data = bytearray(
        encoded(Image.new("RGBA", (2, 2)), "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")
    )
    offset = data.index(b"VP8X") + 12
    data[offset : offset + 6] = (side - 1).to_bytes(3, "little") * 2
    return bytes(data)


def heif_of_small_size(format):
    """Return a file with 16 million pixels whose container states a size of 64 × 64."""
    data = bytearray(encoded(Image.new("RGB", (4000, 4000)), format))
    offset = data.index(b"ispe") + 8
    data[offset : offset + 8] = struct.pack(">II", 64, 64)
    return bytes(data)


def heic_of_many_units():
    """Return a HEIC with many tiny units after its picture."""
    data = encoded(Image.new("RGB", (64, 64)), "HEIC")
    start = data.index(b"mdat")
    stream = data[start + 4 :] + struct.pack(">IHB", 3, 0x5001, 0) * (TINY_PARTS_BYTES // 7)
    length = data.index(b"iloc") - 8 + int.from_bytes(data[data.index(b"iloc") - 4 :][:4])
    head = data[:length] + struct.pack(">I", len(stream)) + data[length + 4 : start - 4]
    return head + struct.pack(">I", 8 + len(stream)) + b"mdat" + stream


def png_of_bad_exif(turn):
    """Return a PNG whose EXIF entries are longer than the file. Each `turn` gives other tags."""
    tags = (number % 65536 for number in range(turn * EXIF_ENTRIES, (turn + 1) * EXIF_ENTRIES))
    entries = [struct.pack("<HHII", tag, 7, 10**6, 0) for tag in tags]
    exif = struct.pack("<2sHIH", b"II", 42, 8, EXIF_ENTRIES) + b"".join(entries) + bytes(4)
    return png(9, png_chunk(b"eXIf", exif))


def bombs():
    """Return a dict from the kind of each bomb to the bytes of the file."""
    photo = encoded(Image.linear_gradient("L").resize((3000, 3000)), "JPEG", progressive=True)
    gif, jpeg = encoded(GREY, "GIF"), encoded(GREY, "JPEG")
    frames = [Image.new("L", (9, 9), shade) for shade in range(200)]
    return {
        "huge PNG": png(13300),
        "largest PNG, cut short": png(MAX_SIDE, cut=9),
        "PNG of long texts": png(9, *[compressed_chunk(10**6, b"zTXt", b"a\0\0")] * 20),
        "PNG of a very long text": png(9, compressed_chunk(10**8, b"zTXt", b"a\0\0")),
        "PNG of profiles": png(9, *[compressed_chunk(10**6, b"iCCP", b"a\0\0")] * 400),
        "PNG of tiny parts": png(9, *[png_chunk(b"prVt", b"")] * (TINY_PARTS_BYTES // 12)),
        "PNG of empty parts": png(9, *[png_chunk(b"IDAT", b"")] * (TINY_PARTS_BYTES // 12)),
        "PNG of bad EXIF": png_of_bad_exif(0),
        "JPEG of many scans": jpeg_of_many_scans(),
        "JPEG cut short": photo[: len(photo) // 2],
        "JPEG of comments": insert_before(jpeg, b"\xff\xdb", b"\xff\xfe\0\2"),
        "JPEG of frames": jpeg[:2] + JPEG_FRAME * 20_000 + bytes(LONG),
        "JPEG of nothing else": b"\xff\xd8\xff" + b"\xff" * LONG,
        "JPEG of nothing": insert_before(jpeg, b"\xff\xdb", b"\xff"),
        "GIF of many pictures": encoded(frames[0], "GIF", save_all=True, append_images=frames),
        "GIF of comments": insert_before(gif, b",\0\0\0\0", b"!\xfe\1x\0"),
        "GIF of blocks": insert_before(gif, b",\0\0\0\0", b"!\xfe" + b"\1x" * 999 + b"\0"),
        "huge GIF": gif[:6] + b"\xff" * 4 + gif[10:],
        "huge WebP": webp(16383),
        "AVIF of a small size": heif_of_small_size("AVIF"),
        "HEIC of a small size": heif_of_small_size("HEIC"),
        "HEIC of many units": heic_of_many_units(),
        "HEIC of empty extents": heif_bombs.heic_of_empty_extents(),
        "HEIC of parameters": heif_bombs.heic_of_parameters(),
        "HEIC of references": heif_bombs.heic_of_references(),
        "HEIC of empty boxes": heif_bombs.heic_of_empty_boxes(),
        "WebP cut short": encoded(frames[9].resize((2000, 2000)), "WEBP")[:200],
    }


def decode_seconds(data):
    started = time.process_time()
    with suppress(BadImageError):
        decode(data)
    return time.process_time() - started


def resident_megabytes():
    """Return the resident memory of this process (Linux)."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1000 for line in file if line.startswith("VmRSS"))


def main(count):
    kinds = bombs()
    slowest = {kind: decode_seconds(data) for kind, data in kinds.items()}
    before = resident_megabytes()
    for turn, (kind, data) in enumerate(islice(cycle(kinds.items()), count)):
        if kind == "PNG of bad EXIF":
            data = png_of_bad_exif(turn)
        slowest[kind] = max(slowest[kind], decode_seconds(data))
    print(json.dumps({"memory_growth": resident_megabytes() - before, "slowest": slowest}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
