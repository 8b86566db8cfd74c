"""Checks of the libraries that read and write pictures: movies, stills and colour.

Libraries are imported by the check that needs them: one that cannot be loaded is a finding.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from robust_matte.errors import SettingsError
from robust_matte.jobs.examination import Examination
from robust_matte.jobs.findings import Finding, State

__all__ = ["check_colour", "check_movies", "check_stills"]

_READ = ("h264", "hevc", "prores", "dnxhd")
_WRITTEN = ("libx264", "prores_ks")
_CONFIG_VARIABLE = "OCIO"
_GREY, _GREY_LIGHT = 0.5, 0.21404114  # IEC 61966-2-1: ((0.5 + 0.055) / 1.055) ** 2.4


def check_movies(examination: Examination) -> Iterator[Finding]:  # noqa: ARG001 - as checks are
    """Say which codecs PyAV's FFmpeg has."""
    import av

    lacking = [name for name in _READ if not _has_codec(name, "r")]
    lacking += [name for name in _WRITTEN if not _has_codec(name, "w")]
    said = f"PyAV {av.__version__} with FFmpeg {av.ffmpeg_version_info}"
    if lacking:
        yield Finding(
            name="movies",
            state=State.WARNING,
            said=f"{said} lacks {', '.join(lacking)}",
            todo="Install PyAV from PyPI, whose FFmpeg has them: pip install --force-reinstall av",
        )
        return
    yield Finding(
        name="movies", said=f"{said}; reads {', '.join(_READ)}, writes {', '.join(_WRITTEN)}"
    )


def _has_codec(name: str, mode: Literal["r", "w"]) -> bool:
    from av.codec import Codec
    from av.codec.codec import UnknownCodecError

    try:
        Codec(name, mode)
    except UnknownCodecError:
        return False
    return True


def check_stills(examination: Examination) -> Iterator[Finding]:  # noqa: ARG001 - as checks are
    """Write 4x4 pixels as EXR and read them back with the other library, bit for bit."""
    import OpenEXR
    import OpenImageIO

    said = f"OpenImageIO {OpenImageIO.__version__}, OpenEXR {OpenEXR.__version__}"
    changed = _changed_values()
    if changed:
        yield Finding(
            name="stills",
            state=State.PROBLEM,
            said=f"{said}; {changed} of 32 values of an EXR came back others",
            todo="Install both from PyPI: pip install --force-reinstall OpenImageIO OpenEXR",
            exit_code=6,
        )
        return
    yield Finding(name="stills", said=f"{said}; EXR comes back to the bit")


def _changed_values() -> int:
    """Return how many of 16 floats and 16 halves are others after a file."""
    import numpy as np

    from robust_matte.media.exr_write import write_exr
    from robust_matte.media.stills import read_channels
    from robust_matte.media.windows import Window

    wide = np.geomspace(1e-6, 6e4, 16, dtype=np.float32).reshape(4, 4)
    wide[0, :3] = np.inf, -0.0, -1.0
    narrow = wide.astype(np.float16)
    window = Window(0, 0, 4, 4)
    with TemporaryDirectory(prefix="robust_matte_doctor-") as folder:
        path = Path(folder) / "round_trip.exr"
        write_exr(
            path,
            {"R": wide, "G": narrow},
            data_window=window,
            display_window=window,
            pixel_aspect=1.0,
            attributes={},
        )
        back = read_channels(path, ["R", "G"])
    wanted = np.stack([wide, narrow.astype(np.float32)], axis=2)
    return int(np.count_nonzero(back.view(np.uint32) != wanted.view(np.uint32)))


def check_colour(examination: Examination) -> Iterator[Finding]:  # noqa: ARG001 - as checks are
    """Say which OpenColorIO config is in use, and convert a grey with it."""
    import numpy as np
    import PyOpenColorIO as ocio

    from robust_matte.colour.configs import BUILTIN_CONFIG
    from robust_matte.colour.transforms import transform
    from robust_matte.settings.choices import PlateSpace

    grey = np.full((1, 1, 3), _GREY, np.float32)
    light = float(transform(grey, PlateSpace.SRGB, PlateSpace.LINEAR_REC709)[0, 0, 0])
    said = f"OpenColorIO {ocio.__version__} with its {BUILTIN_CONFIG.removeprefix('ocio://')}"
    if abs(light - _GREY_LIGHT) > 1e-5:
        yield Finding(
            name="colour",
            state=State.PROBLEM,
            said=f"{said} makes {light:.5f} of sRGB 0.5, not {_GREY_LIGHT:.5f}",
            todo="Install it from PyPI: pip install --force-reinstall opencolorio",
            exit_code=3,
        )
        return
    yield _studio_config(said, os.environ.get(_CONFIG_VARIABLE, ""))


def _studio_config(said: str, studio: str) -> Finding:
    """Say what becomes of the studio's own config."""
    from robust_matte.colour.configs import open_config

    if not studio:
        return Finding(name="colour", said=said)
    try:
        config = open_config(None)
    except SettingsError as error:
        return Finding(
            name="colour",
            state=State.PROBLEM,
            said=f"{said}; {error.what.removesuffix('.')}",
            todo=error.hint,
            exit_code=error.exit_code,
        )
    count = len(list(config.loaded.getColorSpaceNames()))
    return Finding(name="colour", said=f"{said}; $OCIO, {studio}, names {count} colour spaces")
