"""Edits that OpenTimelineIO reads: its own files, Final Cut Pro's XML and AAF.

The one door to it. It and its adapters are the extra `edl`: nobody else has to install them.
"""

import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from robust_matte.errors import InputError, InstallationError
from robust_matte.media.edits import Edit, EditList
from robust_matte.media.failures import cannot_open

__all__ = ["read_otio_edits"]

_ADAPTERS = {".xml": "otio_fcp_adapter", ".aaf": "otio_aaf_adapter"}
# 23.98 and 29.97 are what programs write for 1001st parts.
_SPOKEN = {round(whole * 1000 / 1001, 2): Fraction(whole * 1000, 1001) for whole in (24, 30, 60)}


def read_otio_edits(path: Path) -> EditList:
    """Read the edits of a picture from what OpenTimelineIO has an adapter for.

    Raises:
        InstallationError: It, or its adapter for this kind of file, is not installed.
        InputError: The file cannot be read, is of another kind, or has no video.
    """
    wanted = ["opentimelineio", *filter(None, [_ADAPTERS.get(path.suffix.lower())])]
    lacking = [name for name in wanted if find_spec(name) is None]
    if lacking:
        raise InstallationError(
            f"Reading {path} needs what is not installed here: {' and '.join(lacking)}.",
            hint=f'Run: {sys.executable} -m pip install "robust-matte[edl]"',
            path=path,
        )
    try:
        path.stat()
    except OSError as error:
        raise cannot_open(path, error, is_typed=True) from error
    return _edits(path, _timeline(path))


def _timeline(path: Path) -> Any:
    import opentimelineio as otio

    try:
        with redirect_stdout(sys.stderr):  # adapters print what they do not understand
            found = otio.adapters.read_from_file(str(path))
    except Exception as error:  # adapters let through whatever their parsers raise
        raise InputError(
            f"The edit list {path} cannot be read: {_first_line(error)}.",
            hint="Export it again; of Final Cut Pro's XML the kind with xmeml is read.",
            path=path,
        ) from error
    if isinstance(found, otio.schema.Timeline):
        return found
    timelines = list(found.find_children(descended_from_type=otio.schema.Timeline))
    if len(timelines) != 1:
        raise InputError(
            f"The edit list {path} holds {len(timelines)} timelines.",
            hint="Export the one timeline that the plate was made of.",
            path=path,
        )
    return timelines[0]


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".:")


def _edits(path: Path, timeline: Any) -> EditList:
    spans = [span for track in timeline.video_tracks() for span in _spans(track)]
    if not spans:
        raise InputError(
            f"The edit list {path} has no clips of video.",
            hint="Export it again with its video tracks.",
            path=path,
        )
    start = timeline.global_start_time
    rate = float(start.rate if start is not None else spans[0][1].start_time.rate)
    offset = 0 if start is None else start.to_frames()
    edits = []
    for track, span in spans:
        first = offset + round(span.start_time.to_seconds() * rate)
        end = offset + round(span.end_time_exclusive().to_seconds() * rate)
        if end > first:
            edits.append(Edit(track=track, start=first, end=end, cut=first))
    return EditList(
        path=path,
        fps=_SPOKEN.get(round(rate, 2), Fraction(rate).limit_denominator(1001)),
        is_drop=None,
        is_timed=start is not None,
        edits=tuple(edits),
    )


def _spans(track: Any) -> Iterator[tuple[str, Any]]:
    """Yield the time of each clip in its track; a nested edit is one clip."""
    import opentimelineio as otio

    for item in track:
        is_shown = not isinstance(item, otio.schema.Gap | otio.schema.Transition)
        if is_shown and getattr(item, "enabled", True):
            span = track.trimmed_range_of_child(item)
            if span is not None:
                yield f"{track.name} {id(track)}", span
