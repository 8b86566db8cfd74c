"""The headers of a plate's files, gathered to what they share and where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from robust_matte.errors import InputError
from robust_matte.jobs.plate_info import OtherWindow, Trouble
from robust_matte.jobs.progress import Listener, StageReached
from robust_matte.jobs.survey import HEADER_READERS, HEADERS_HELD, check_display
from robust_matte.media.plates import Plate
from robust_matte.media.readahead import ReadAhead
from robust_matte.media.still_facts import StillFacts, read_still_facts
from robust_matte.media.windows import Window

__all__ = ["Headers", "read_headers"]

_Read = tuple[int, StillFacts | InputError]


@dataclass(slots=True, kw_only=True)
class Headers:
    """What the headers said.

    Attributes:
        number: The first frame whose file opens, or None.
        first: What that file says, or None.
        data: All data windows united, or None.
        differing_data: Frames whose data window is not the first one's.
        others: The display windows that are not the first one's, by window.
        differing_channels: Frames whose channels are not the first one's.
        first_differing: The first of them, or None.
        unreadable: Files that do not open.
        problems: What stops `key`: the first file that does not open, the first other window.
    """

    number: int | None = None
    first: StillFacts | None = None
    data: Window | None = None
    differing_data: int = 0
    others: dict[Window, OtherWindow] = field(default_factory=dict)
    differing_channels: int = 0
    first_differing: int | None = None
    unreadable: int = 0
    problems: list[Trouble] = field(default_factory=list)


def read_headers(plate: Plate, listener: Listener) -> Headers:
    """Read every file's header; what does not open is counted, and the first one named."""
    headers = Headers()
    total = len(plate.numbers)
    tasks = (partial(_read, plate, number) for number in plate.numbers)
    with ReadAhead(tasks, threads=HEADER_READERS, depth=HEADERS_HELD) as read:
        for done, (number, facts) in enumerate(read, start=1):
            if isinstance(facts, InputError):
                _count_unreadable(headers, facts)
            else:
                _add(headers, number, facts)
            listener(StageReached("planning", done, total, "reading headers"))
    headers.problems += _display_problems(headers)
    return headers


def _read(plate: Plate, number: int) -> _Read:
    try:
        return number, read_still_facts(plate.pattern.path(number), plate.choice)
    except InputError as error:
        return number, error


def _count_unreadable(headers: Headers, error: InputError) -> None:
    headers.unreadable += 1
    if headers.unreadable == 1:
        headers.problems.append(Trouble.of(error))


def _add(headers: Headers, number: int, facts: StillFacts) -> None:
    if headers.first is None or headers.data is None:
        headers.number, headers.first, headers.data = number, facts, facts.data_window
        return
    headers.data = headers.data.united(facts.data_window)
    headers.differing_data += facts.data_window != headers.first.data_window
    if facts.keyed_channels != headers.first.keyed_channels:
        if not headers.differing_channels:
            headers.first_differing = number
        headers.differing_channels += 1
    if facts.display_window != headers.first.display_window:
        window = facts.display_window
        known = headers.others.get(window, OtherWindow(frame=number, window=window, count=0))
        headers.others[window] = known.model_copy(update={"count": known.count + 1})


def _display_problems(headers: Headers) -> Iterator[Trouble]:
    """Yield what `key` would say of the first other display window."""
    if headers.first is None or headers.number is None:
        return
    for other in list(headers.others.values())[:1]:
        try:
            check_display(other.frame, other.window, headers.number, headers.first.display_window)
        except InputError as error:
            yield Trouble.of(error)
