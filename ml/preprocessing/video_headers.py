"""Read the headers of the HEVC and AV1 streams in HEIC and AVIF files.

A container may state a small size for a large image, so the size is read from the stream too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

AV1_SEQUENCE, AV1_FRAME_HEADER, AV1_FRAME = 1, 3, 6  # types of OBUs
HEVC_PARAMETERS: Final = range(32, 35)  # types of NAL units
HEVC_SPS: Final = 33
# IDR pictures. For each missing picture on which another one depends, the decoder makes a copy.
HEVC_INDEPENDENT: Final = (19, 20)
MAX_PARAMETER_UNITS: Final = 64  # cameras write three to five
SPS_BYTES: Final = 200  # the size is near the beginning
CHROMA_444: Final = 3


class StreamError(ValueError):
    """The stream is damaged, or not like one that cameras write."""


@dataclass(frozen=True)
class StreamHeader:
    """The largest frame of a stream, whether it has more than 8 bits, and its colour sampling."""

    width: int
    height: int
    is_deep: bool = False
    is_420: bool = True  # or grey


class _Bits:
    """Read bits, most significant first."""

    def __init__(self, data: bytes) -> None:
        self.value, self.left = int.from_bytes(data), 8 * len(data)

    def number(self, bits: int) -> int:
        if bits > self.left:
            raise StreamError("the stream ends within a header")
        self.left -= bits
        return self.value >> self.left & ((1 << bits) - 1)

    def exp_golomb(self) -> int:
        zeros = 0
        while not self.number(1):
            zeros += 1
            if zeros > 32:
                raise StreamError("a number is too long")
        return (1 << zeros) - 1 + self.number(zeros)


def av1_units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the content of each OBU (AV1 specification, section 5.3)."""
    offset = 0
    while offset < len(data):
        header = data[offset]
        offset += 1 + (header >> 2 & 1)
        length = len(data) - offset
        if header & 2:
            length, shift = 0, 0
            while True:
                if offset >= len(data) or shift > 28:
                    raise StreamError("the stream ends within a header")
                byte = data[offset]
                length |= (byte & 127) << shift
                offset, shift = offset + 1, shift + 7
                if byte < 128:
                    break
        if header & 0x80 or length < 0 or offset + length > len(data):
            raise StreamError("the stream ends within a unit")
        yield header >> 3 & 15, data[offset : offset + min(length, SPS_BYTES)]
        offset += length


def av1_sequence(content: bytes) -> StreamHeader:
    """Return the largest frame that a sequence header allows (section 5.5)."""
    bits = _Bits(content)
    bits.number(4)  # profile, still picture
    is_reduced = bits.number(1)
    if is_reduced:
        bits.number(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.number(4) + 1, bits.number(4) + 1
    width, height = bits.number(width_bits) + 1, bits.number(height_bits) + 1
    # Otherwise, a frame may override the size. Decoders do not check that it is smaller.
    return (
        StreamHeader(width, height)
        if is_reduced
        else StreamHeader(1 << width_bits, 1 << height_bits)
    )


def _skip_operating_points(bits: _Bits) -> None:
    if bits.number(1):  # Timing is for sequences.
        raise StreamError("a sequence")
    has_delay = bits.number(1)
    for _ in range(bits.number(5) + 1):
        bits.number(12)
        if bits.number(5) > 7:
            bits.number(1)
        if has_delay and bits.number(1):
            bits.number(4)


def hevc_units(data: bytes) -> Iterator[tuple[int, bool]]:
    """Yield the type of each NAL unit, and whether it begins a picture (ITU-T H.265, 7.3.1)."""
    offset = 0
    while offset < len(data):
        length = int.from_bytes(data[offset : offset + 4])
        offset += 4
        if length < 3 or offset + length > len(data):
            raise StreamError("the stream ends within a unit")
        kind = data[offset] >> 1 & 63
        yield kind, kind < HEVC_PARAMETERS.start and data[offset + 2] > 127
        offset += length


def hevc_configuration(content: bytes) -> StreamHeader:
    """Return what the parameters of an HEVC stream state (ISO/IEC 14496-15, 8.3.3).

    Raises `StreamError` if there is not exactly one set of them.
    """
    if len(content) < 23 or content[21] & 3 != 3:
        raise StreamError("no parameters, or lengths that do not have four bytes")
    offset, left, found = 23, MAX_PARAMETER_UNITS, []
    for _ in range(content[22]):
        kind = content[offset] & 63 if offset < len(content) else 0
        count = int.from_bytes(content[offset + 1 : offset + 3])
        offset += 3
        left -= count
        if left < 0:
            raise StreamError("too many parameters")
        for _ in range(count):
            length = int.from_bytes(content[offset : offset + 2])
            unit = content[offset + 2 : offset + 2 + length]
            offset += 2 + length
            if not unit or offset > len(content) or unit[0] >> 1 & 63 != kind:
                raise StreamError("the parameters are damaged")
            if kind == HEVC_SPS:
                found.append(_sequence_parameters(unit))
    if len(found) != 1:
        raise StreamError("not exactly one set of parameters")
    return found[0]


def _sequence_parameters(unit: bytes) -> StreamHeader:
    """Return what a sequence parameter set states (ITU-T H.265, 7.3.2.2)."""
    bits = _Bits(unit[2 : 2 + SPS_BYTES].replace(b"\0\0\3", b"\0\0"))
    bits.number(4)
    layers = bits.number(3)
    bits.number(1 + 96)  # profile and level
    if layers:
        present = [(bits.number(1), bits.number(1)) for _ in range(8)]
        for has_profile, has_level in present[:layers]:
            bits.number(88 * has_profile + 8 * has_level)
    bits.exp_golomb()
    chroma = bits.exp_golomb()
    if chroma == CHROMA_444:
        bits.number(1)
    width, height = bits.exp_golomb(), bits.exp_golomb()
    if bits.number(1):
        for _ in range(4):
            bits.exp_golomb()
    depths = bits.exp_golomb(), bits.exp_golomb()
    return StreamHeader(width, height, is_deep=max(depths) > 0, is_420=chroma <= 1)
