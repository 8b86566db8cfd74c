"""Looking over a plate before keying it: its windows, its holes and its cuts."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from robust_matte.errors import FrameSizeError, MissingFramesError, SettingsError
from robust_matte.jobs.framing import Windows
from robust_matte.jobs.progress import Listener, StageReached, Warned
from robust_matte.keying.cuts import CutDetector, Decision, sampled_rows, signature
from robust_matte.keying.memory import naming_out_of_memory
from robust_matte.keying.prepared import Preparation
from robust_matte.keying.segments import own_step
from robust_matte.media.frames import Frame
from robust_matte.media.plates import MoviePlate, Plate
from robust_matte.media.readahead import ReadAhead
from robust_matte.media.sequences import frame_ranges
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Missing, WorkArea
from robust_matte.settings.frame_range import FrameRange

__all__ = [
    "HEADERS_HELD",
    "HEADER_READERS",
    "check_display",
    "count_frames",
    "find_cuts",
    "requested_frames",
    "settle_area",
    "survey_windows",
]

_LARGEST_AREA = 1.5  # times the display window, per axis
_DECODERS, _HELD = 2, 6
HEADER_READERS, HEADERS_HELD = 8, 64  # a file server answers eight questions in the time of one


def count_frames(plate: MoviePlate, listener: Listener) -> None:
    """Decode a movie once to count its frames, and tell how far that is; the count is kept."""
    total = plate.movie.info.declared_frames or 0
    plate.movie.count(
        lambda done: listener(StageReached("planning", done, max(done, total), "counting frames"))
    )


def survey_windows(plate: Plate, wish: WorkArea, listener: Listener) -> Windows:
    """Read every header and settle the work area.

    It is the display window united with the data windows, at most 1.5 times the display window per
    axis; beyond that the display window, with a warning.

    Raises:
        FrameReadError: A header cannot be read.
        FrameSizeError: Two frames have different display windows.
    """
    first = plate.numbers[0]
    opening = plate.header(first)
    display, aspect = opening.display_window, opening.pixel_aspect
    area, others = display, []
    numbers = (first,) if isinstance(plate, MoviePlate) else plate.numbers
    tasks = (partial(plate.header, number) for number in numbers)
    with ReadAhead(tasks, threads=HEADER_READERS, depth=HEADERS_HELD) as headers:
        for done, (number, header) in enumerate(zip(numbers, headers, strict=True), start=1):
            check_display(number, header.display_window, first, display)
            area = area.united(header.data_window)
            if header.pixel_aspect != aspect:
                others.append(number)
            listener(StageReached("planning", done, len(numbers), "reading headers"))
    if others:
        listener(
            Warned(
                f"The pixels of the first frame {first} are {aspect:g} times as wide as high, "
                f"those of {frame_ranges(others)} are not: all are seen as those of the first."
            )
        )
    return Windows(display, settle_area(display, area, wish, listener), pixel_aspect=aspect)


def settle_area(display: Window, area: Window, wish: WorkArea, listener: Listener) -> Window:
    """Return the work area, given the display window united with all data windows."""
    if wish is WorkArea.DISPLAY:
        return display
    if area.width > _LARGEST_AREA * display.width or area.height > _LARGEST_AREA * display.height:
        listener(
            Warned(
                f"The data windows reach {area.size}, over {_LARGEST_AREA} times the display "
                f"window {display.size}: the display window alone is keyed."
            )
        )
        return display
    return area


def check_display(number: int, window: Window, first: int, wanted: Window) -> None:
    """Refuse a frame whose display window is not that of the first frame, `wanted`.

    Raises:
        FrameSizeError: It is another.
    """
    if window != wanted:
        raise _other_window(number, window, first, wanted)


def requested_frames(plate: Plate, asked: FrameRange | None, policy: Missing) -> FrameRange:
    """Return the frames to write, after looking for holes.

    Raises:
        SettingsError: None of the frames asked for exists.
        MissingFramesError: Some are missing, and the policy is `fail`.
    """
    wanted = asked or FrameRange(*plate.expected, plate.step)
    present = set(plate.numbers)
    missing = [number for number in wanted if number not in present]
    is_inside = plate.expected[0] <= wanted.first and wanted.last <= plate.expected[1]
    if len(missing) == len(wanted) and (policy is Missing.FAIL or not is_inside):
        raise SettingsError(
            f"{plate.source} has none of the frames {wanted}: "
            f"it holds {frame_ranges(plate.numbers)}.",
            hint="Ask for frames that exist with --frames.",
        )
    if missing and policy is Missing.FAIL:
        raise MissingFramesError(
            f"{plate.source} lacks the frame{'s' if len(missing) > 1 else ''} "
            f"{frame_ranges(missing)} of {wanted}.",
            hint=f"Render them, {_others(plate, wanted)}, or fill them with --missing hold or "
            "--missing black.",
            frame=missing[0],
        )
    return wanted


def _others(plate: Plate, wanted: FrameRange) -> str:
    """Say which frames to ask for instead: of a plate on twos, its own."""
    inside = [number for number in plate.numbers if wanted.first <= number <= wanted.last]
    step = own_step(inside)
    if step == 1 or inside != list(range(inside[0], inside[-1] + 1, step)):
        return "ask for others with --frames"
    return f"ask for those that are there with --frames {FrameRange(inside[0], inside[-1], step)}"


def find_cuts(
    plate: Plate,
    preparation: Preparation,
    listener: Listener,
    measure: Callable[[Frame], None] = lambda _: None,
) -> list[Decision]:
    """Run the cut detector over a whole plate.

    Args:
        plate: The plate.
        preparation: How its frames are made ready.
        listener: Told of progress.
        measure: Called with each frame, on reading threads.

    Returns:
        A decision per frame, ascending.
    """
    detector = CutDetector()
    decisions: list[Decision] = []
    total = len(plate.numbers)
    numbered = zip(plate.numbers, plate.tasks(plate.numbers), strict=True)
    tasks = (partial(_signed, number, task, preparation, measure) for number, task in numbered)
    with ReadAhead(tasks, threads=_DECODERS, depth=_HELD) as signed:
        for done, (number, sign) in enumerate(signed, start=1):
            decisions += detector.push(number, sign)
            listener(StageReached("planning", done, total, "looking for cuts"))
    return decisions + detector.finish()


def _signed(
    number: int,
    task: Callable[[], Frame],
    preparation: Preparation,
    measure: Callable[[Frame], None],
) -> tuple[int, NDArray[np.float32]]:
    with naming_out_of_memory(number):
        frame = task()
        measure(frame)
        rows = sampled_rows(preparation.placed(frame))  # data windows may change within a shot
        return number, signature(preparation.seen.view(rows))


def _other_window(number: int, window: Window, first: int, wanted: Window) -> FrameSizeError:
    hint = "Reformat the plate to one size before keying."
    if window.size != wanted.size:
        what = f"Frame {number} is {window.size}, the first frame {first} is {wanted.size}."
    else:
        what = (
            f"The display window of frame {number} starts at ({window.x}, {window.y}), that of "
            f"the first frame {first} at ({wanted.x}, {wanted.y})."
        )
    return FrameSizeError(what, hint=hint, frame=number)
