"""What a movie's frames say of themselves as EXR attributes: rate, reel and timecode."""

import OpenEXR

from robust_matte.media.exr_timecode import timecode_bytes
from robust_matte.media.movie_tags import MovieInfo
from robust_matte.media.timecode import Timecode

__all__ = ["first_timecode", "shared_attributes", "timecode_attributes"]


def first_timecode(info: MovieInfo) -> Timecode | None:
    """Return the timecode of a movie's first frame; None if it states none that is one."""
    if info.timecode is None or info.fps is None:
        return None
    return Timecode.parse(info.timecode, info.fps)


def shared_attributes(info: MovieInfo) -> dict[str, object]:
    """Return what is true of all frames, as the OpenEXR package takes it."""
    stated = {"framesPerSecond": info.fps, "reelName": info.reel}
    return {name: value for name, value in stated.items() if value}


def timecode_attributes(timecode: Timecode) -> dict[str, object]:
    """Return one frame's timecode as the OpenEXR package takes it; nothing above 60 fps."""
    stored = timecode_bytes(timecode)
    return {} if stored is None else {"timeCode": OpenEXR.OpaqueAttribute(stored, "timecode")}
