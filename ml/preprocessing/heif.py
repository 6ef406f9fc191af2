"""Read the container of HEIC and AVIF files, without decoding any image (ISO/IEC 23008-12).

The container lists items, such as images and metadata, and says where in the file their bytes are.
A small file can state that many items share the same bytes, or that one item consists of many
others. Cameras do not do this, so such files are refused. Each item is then decoded at most once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

BRANDS: Final = frozenset(
    (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
)
IMAGE_KINDS: Final = (b"hvc1", b"av01")  # HEVC and AV1
# A thumbnail may be a JPEG; it is not decoded.
KINDS: Final = frozenset(
    (*IMAGE_KINDS, b"grid", b"tmap", b"jpeg", b"Exif", b"mime", b"iptc", b"uri ")
)
UNIQUE_PROPERTIES: Final = (b"ispe", b"hvcC", b"av1C", b"auxC", b"irot")
TRANSFORMATIONS: Final = frozenset((b"clap", b"imir", b"irot"))
MAX_ITEMS: Final = 256  # a photo of 12 megapixels has about 70
MAX_EXTENTS: Final = 1024  # of all items; cameras write one per item
MAX_BOXES: Final = 1024  # in a file, or in one box
# The decoder copies metadata and colour profiles for each image.
MAX_META_BYTES: Final = 131_072
MAX_METADATA_BYTES: Final = 1_000_000


class HeifError(ValueError):
    """The container is damaged, or not like one that cameras write."""


class TooManyItemsError(HeifError):
    """The container lists more items than a photo of the largest accepted size has."""


@dataclass
class Item:
    """An image, a grid of images, or metadata. `properties` maps each kind to its content."""

    kind: bytes
    extents: list[tuple[int, int]] = field(default_factory=list)  # offsets in the file, lengths
    properties: dict[bytes, bytes] = field(default_factory=dict)
    is_primary: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Return the stated width and height. Raises `HeifError` if they are missing."""
        content = self.properties.get(b"ispe", b"")
        if len(content) != 12:
            raise HeifError("an image without a size")
        return int.from_bytes(content[4:8]), int.from_bytes(content[8:12])

    @property
    def quarter_turns(self) -> int:
        """Return how often the image must be turned by 90 degrees, counterclockwise."""
        content = self.properties.get(b"irot", b"\0")
        if len(content) != 1:
            raise HeifError("an unknown rotation")
        return content[0] & 3

    @property
    def is_alpha(self) -> bool:
        """Return whether the item is the transparency of another image."""
        kind = self.properties.get(b"auxC", b"")
        return b":alpha" in kind or b"auxid:1" in kind

    def read(self, data: bytes) -> bytes:
        """Return the bytes of the item in the file `data`."""
        return b"".join(data[offset : offset + length] for offset, length in self.extents)


class _Reader:
    """Read big-endian numbers and boxes, one after the other."""

    def __init__(self, data: bytes, offset: int = 0, end: int | None = None) -> None:
        self.data, self.offset, self.end = data, offset, len(data) if end is None else end

    def take(self, length: int) -> bytes:
        if length < 0 or self.offset + length > self.end:
            raise HeifError("the file ends within a box")
        self.offset += length
        return self.data[self.offset - length : self.offset]

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length))

    def version(self) -> int:
        """Return the version of a full box, and skip its flags."""
        return self.number(4) >> 24

    def boxes(self) -> Iterator[tuple[bytes, "_Reader"]]:
        """Yield the kind and the content of each box."""
        for _ in range(MAX_BOXES):
            if self.offset == self.end:
                return
            start = self.offset
            length, kind = self.number(4), self.take(4)
            if length < 2 and kind != b"mdat":
                raise HeifError("a box of unusual length")
            if length == 1:
                length = self.number(8)
            end = start + length if length else self.end
            if not self.offset <= end <= self.end:
                raise HeifError("a box is longer than the file")
            yield kind, _Reader(self.data, self.offset, end)
            self.offset = end
        raise HeifError("too many boxes")

    def unique_boxes(self) -> dict[bytes, "_Reader"]:
        """Return the boxes by kind. Raises `HeifError` if two have the same kind."""
        found: dict[bytes, _Reader] = {}
        for kind, content in self.boxes():
            if kind in found:
                raise HeifError("a box occurs twice")
            found[kind] = content
        return found


def is_heif(data: bytes) -> bool:
    """Return whether the file begins like a HEIC or AVIF file."""
    return data[4:8] == b"ftyp" and data[8:12] in BRANDS


def without_rotation(data: bytes) -> bytes:
    """Return the file with images that need not be turned."""
    return re.sub(rb"(\0\0\0\x09irot).", rb"\1\0", data, flags=re.DOTALL)


def is_animated(data: bytes) -> bool:
    """Return whether the file contains a sequence of images. Raises `HeifError` if damaged."""
    return data[8:12] == b"avis" or any(kind == b"moov" for kind, _ in _Reader(data).boxes())


def read_items(data: bytes) -> list[Item]:
    """Return the items of the file.

    Raises `HeifError` if the file is damaged, if its items share bytes, or if an image is part of
    several others.
    """
    top = [content for kind, content in _Reader(data).boxes() if kind == b"meta"]
    if len(top) != 1 or top[0].end - top[0].offset > MAX_META_BYTES:
        raise HeifError("not exactly one list of items, or a very long one")
    top[0].version()
    meta = top[0].unique_boxes()
    if not {b"pitm", b"iinf", b"iloc", b"iprp"} <= set(meta):
        raise HeifError("the list of items is incomplete")
    items = _read_kinds(meta[b"iinf"])
    _item(items, meta[b"pitm"].number(4 if meta[b"pitm"].version() else 2)).is_primary = True
    _add_extents(meta[b"iloc"], meta.get(b"idat"), items)
    _check_extents(items, len(data))
    _add_properties(meta[b"iprp"].unique_boxes(), items)
    if b"iref" in meta:
        _check_references(meta[b"iref"], items)
    for item in items.values():
        if item.kind == b"grid":
            _check_grid(item, data)
    return list(items.values())


def _item(items: dict[int, Item], number: int) -> Item:
    if number not in items:
        raise HeifError("there is no such item")
    return items[number]


def _read_kinds(box: _Reader) -> dict[int, Item]:
    box.number(4 if box.version() else 2)  # the number of items
    items: dict[int, Item] = {}
    for kind, entry in box.boxes():
        version = entry.version()
        if kind != b"infe" or version not in (2, 3):
            raise HeifError("an unknown kind of item")
        number = entry.number(2 if version == 2 else 4)
        entry.number(2)
        item = Item(entry.take(4))
        if len(items) >= MAX_ITEMS:
            raise TooManyItemsError
        if number in items or item.kind not in KINDS:
            raise HeifError("an unknown kind of item")
        items[number] = item
    return items


def _add_extents(box: _Reader, idat: _Reader | None, items: dict[int, Item]) -> None:
    version = box.version()
    sizes = box.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    wide = 4 if version == 2 else 2
    extent_count = 0
    for _ in range(box.number(wide)):
        item = _item(items, box.number(wide))
        method = box.number(2) if version else 0
        in_other_file = box.number(2)
        base = box.number(base_size)
        if item.extents or in_other_file or method > 1 or (method and idat is None):
            raise HeifError("the bytes of an item are elsewhere")
        start = idat.offset if method and idat else 0
        count = box.number(2)
        extent_count += count
        if extent_count > MAX_EXTENTS:
            raise HeifError("too many extents")
        for _ in range(count):
            box.number(index_size)
            offset = start + base + box.number(offset_size)
            item.extents.append((offset, box.number(length_size)))


def _check_extents(items: dict[int, Item], total: int) -> None:
    extents = [each for item in items.values() for each in item.extents]
    if any(length == 0 or offset + length > total for offset, length in extents):
        raise HeifError("the file ends within an item")
    if sum(length for _, length in extents) > total:
        raise HeifError("items share bytes")


def _add_properties(boxes: dict[bytes, _Reader], items: dict[int, Item]) -> None:
    if not {b"ipco", b"ipma"} <= set(boxes):
        raise HeifError("the properties of the items are incomplete")
    properties = [
        (kind, each.take(each.end - each.offset)) for kind, each in boxes[b"ipco"].boxes()
    ]
    box = boxes[b"ipma"]
    header = box.number(4)
    index_size = 2 if header & 1 else 1
    for _ in range(box.number(4)):
        item = _item(items, box.number(4 if header >> 24 else 2))
        for _ in range(box.number(1)):
            index = box.number(index_size) & (0x7FFF if index_size == 2 else 0x7F)
            if index > len(properties):
                raise HeifError("there is no such property")
            if index:
                kind, content = properties[index - 1]
                if kind in item.properties and kind in UNIQUE_PROPERTIES:
                    raise HeifError("an item has two values for a property")
                item.properties[kind] = content


def _check_references(box: _Reader, items: dict[int, Item]) -> None:
    """Raise `HeifError` if an image is part of several others, or metadata is copied often."""
    wide = 4 if box.version() else 2
    tiles: list[int] = []
    alphas: list[int] = []
    metadata = 0
    for kind, reference in box.boxes():
        source = reference.number(wide)
        targets = [reference.number(wide) for _ in range(reference.number(2))]
        if kind == b"dimg" and _item(items, source).kind == b"grid":
            tiles += targets
        elif kind == b"auxl":
            alphas += [source, *targets[:1]]
            if len(targets) > 1:
                raise HeifError("an image is part of several others")
        elif kind == b"cdsc":
            metadata += len(targets) * sum(each for _, each in _item(items, source).extents)
    if metadata > MAX_METADATA_BYTES:
        raise HeifError("too much metadata")
    _check_tiles(tiles, alphas, items)


def _check_tiles(tiles: list[int], alphas: list[int], items: dict[int, Item]) -> None:
    if len(set(tiles)) < len(tiles) or set(tiles) & set(alphas):
        raise HeifError("an image is part of several others")
    for tile in tiles:
        if _item(items, tile).kind not in IMAGE_KINDS:
            raise HeifError("a grid within a grid")
        if TRANSFORMATIONS & set(items[tile].properties):
            raise HeifError("a tile that must be turned or cropped")


def _check_grid(item: Item, data: bytes) -> None:
    """Raise `HeifError` if a grid has another size than its property states."""
    content = _Reader(item.read(data))
    wide = 4 if content.number(2) & 1 else 2
    content.number(2)
    if (content.number(wide), content.number(wide)) != item.size:
        raise HeifError("a grid with two sizes")
