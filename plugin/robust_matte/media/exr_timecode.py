"""Timecode as OpenEXR stores it: the digits and flags of SMPTE ST 12-1 in eight bytes.

The digits of the frames end at 39, so above 30 frames a second they count pairs, and a flag says
which of the two a frame is: at 60, frame 45 is pair 22 with the flag set.

Source:
    SMPTE ST 12-1:2014, 12.1 and table 6; OpenEXR, ImfTimeCode.h, packings TV60 and TV50.
"""

from fractions import Fraction
from math import floor
from struct import pack, unpack

from robust_matte.media.timecode import Timecode

__all__ = ["timecode_bytes", "timecode_text"]

_DROP = 1 << 6
_SECOND_OF_PAIR, _SECOND_OF_PAIR_50 = 1 << 15, 1 << 31
_FASTEST_SINGLE, _FASTEST = 30, 60
# Where the digits of hours, minutes, seconds and frames start, and how many bits their tens have.
_PLACES = ((24, 3), (16, 7), (8, 7), (0, 3))


def timecode_bytes(timecode: Timecode) -> bytes | None:
    """Return the value of an attribute of type timecode; None above 60 frames a second."""
    if timecode.fps > _FASTEST:
        return None
    digits = [int(part) for part in str(timecode).replace(";", ":").split(":")]
    word = _DROP if timecode.is_drop else 0
    if timecode.fps > _FASTEST_SINGLE:
        digits[3], is_second = divmod(digits[3], 2)
        word |= is_second * _second_of_pair(timecode.fps)
    for number, (place, _) in zip(digits, _PLACES, strict=True):
        word |= (number // 10 << 4 | number % 10) << place
    return pack("<II", word, 0)


def timecode_text(stored: bytes, rate: Fraction | None, *, is_paired: bool = True) -> str | None:
    """Read an attribute's value, as `01:02:03:04`, or with `;` if frame numbers are dropped.

    Args:
        stored: The eight bytes.
        rate: Frames per second; None where they are not known.
        is_paired: Whether frames are counted in pairs above 30 a second. Some programs do not.
    """
    if len(stored) != 8:
        return None
    word = unpack("<I", stored[:4])[0]
    digits = [
        (word >> place & 0xF) + 10 * (word >> place + 4 & tens_mask) for place, tens_mask in _PLACES
    ]
    fps = floor(rate + Fraction(1, 2)) if rate else 0
    if is_paired and fps > _FASTEST_SINGLE:
        digits[3] = 2 * digits[3] + bool(word & _second_of_pair(fps))
    hours, minutes, seconds, frames = (f"{number:02d}" for number in digits)
    return f"{hours}:{minutes}:{seconds}{';' if word & _DROP else ':'}{frames}"


def _second_of_pair(fps: int) -> int:
    return _SECOND_OF_PAIR_50 if fps == 50 else _SECOND_OF_PAIR
