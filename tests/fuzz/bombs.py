"""`python tests/fuzz/bombs.py COUNT`: files made to cost memory or time, one after the other.

Prints, as JSON, by how many MB the process grew, and the seconds that each kind took at most.
"""

import json
import struct
import sys
import time
import zlib
from contextlib import suppress
from itertools import cycle, islice

from corpus import GREY, chunk, encoded
from PIL import Image

from ml.decode import BadImageError, decode

MANY = 150_000  # bytes of tiny parts
NOTES = 1200
WIDE = 3600  # × 3600 is just let in
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(side, *parts, cut=0):
    """`side` × `side` black pixels of one bit, `parts` before them."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((side // 8 + 2) * side), 9)
    whole = [chunk(b"IHDR", header), *parts, chunk(b"IDAT", pixels[: len(pixels) - cut])]
    return SIGNATURE + b"".join(whole) + chunk(b"IEND", b"")


def unpacking_to(size, kind, before):
    return chunk(kind, before + zlib.compress(bytes(size), 9))


def jpeg_of_many_scans():
    """The last scan of a progressive JPEG again and again: 51 bytes ask for 13 million pixels."""
    data = encoded(Image.new("L", (WIDE, WIDE), 255), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xc4")
    return data[:-2] + data[last:-2] * (MANY // (len(data) - last)) + data[-2:]


def before_the_picture(data, mark, part):
    at = data.index(mark)
    return data[:at] + part * (MANY // len(part)) + data[at:]


def webp_of(side):
    """Four pixels on a canvas of `side` × `side`."""
    data = bytearray(
        encoded(Image.new("RGBA", (2, 2)), "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")
    )
    at = data.index(b"VP8X") + 12
    data[at : at + 6] = (side - 1).to_bytes(3, "little") * 2
    return bytes(data)


def png_of_strange_notes(turn):
    """Each note says that it is longer than the file; hardly ever twice the same."""
    tags = (number % 65536 for number in range(turn * NOTES, (turn + 1) * NOTES))
    notes = [struct.pack("<HHII", tag, 7, 10**6, 0) for tag in tags]
    exif = struct.pack("<2sHIH", b"II", 42, 8, NOTES) + b"".join(notes) + bytes(4)
    return png(9, chunk(b"eXIf", exif))


def bombs():
    """{kind: the file's bytes}"""
    photo = encoded(Image.linear_gradient("L").resize((3000, 3000)), "JPEG", progressive=True)
    gif, jpeg = encoded(GREY, "GIF"), encoded(GREY, "JPEG")
    frames = [Image.new("L", (9, 9), shade) for shade in range(200)]
    return {
        "huge PNG": png(13300),
        "largest PNG, cut short": png(WIDE, cut=9),
        "PNG of long texts": png(9, *[unpacking_to(10**6, b"zTXt", b"a\0\0")] * 20),
        "PNG of a very long text": png(9, unpacking_to(10**8, b"zTXt", b"a\0\0")),
        "PNG of profiles": png(9, *[unpacking_to(10**6, b"iCCP", b"a\0\0")] * 400),
        "PNG of tiny parts": png(9, *[chunk(b"prVt", b"")] * (MANY // 12)),
        "PNG of empty parts": png(9, *[chunk(b"IDAT", b"")] * (MANY // 12)),
        "PNG of strange notes": png_of_strange_notes(0),
        "JPEG of many scans": jpeg_of_many_scans(),
        "JPEG cut short": photo[: len(photo) // 2],
        "JPEG of comments": before_the_picture(jpeg, b"\xff\xdb", b"\xff\xfe\0\2"),
        "JPEG of nothing": before_the_picture(jpeg, b"\xff\xdb", b"\xff"),
        "GIF of many pictures": encoded(frames[0], "GIF", save_all=True, append_images=frames),
        "GIF of comments": before_the_picture(gif, b",\0\0\0\0", b"!\xfe\1x\0"),
        "GIF of blocks": before_the_picture(gif, b",\0\0\0\0", b"!\xfe" + b"\1x" * 999 + b"\0"),
        "huge GIF": gif[:6] + b"\xff" * 4 + gif[10:],
        "huge WebP": webp_of(16383),
        "WebP cut short": encoded(frames[9].resize((2000, 2000)), "WEBP")[:200],
    }


def seconds(data):
    started = time.process_time()
    with suppress(BadImageError):
        decode(data)
    return time.process_time() - started


def resident():
    """Memory of this process, in MB (Linux)."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1000 for line in file if line.startswith("VmRSS"))


def main(count):
    kinds = bombs()
    slowest = {kind: seconds(data) for kind, data in kinds.items()}
    before = resident()
    for turn, (kind, data) in enumerate(islice(cycle(kinds.items()), count)):
        if kind == "PNG of strange notes":
            data = png_of_strange_notes(turn)
        slowest[kind] = max(slowest[kind], seconds(data))
    print(json.dumps({"grown": resident() - before, "slowest": slowest}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
