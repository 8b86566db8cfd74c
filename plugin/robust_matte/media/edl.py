"""Edit decision lists in the form of CMX 3600, as editing programs write them.

An event is a line of number, reel, channels, transition and four timecodes: in and out of the
source, in and out of the record::

    001  A001C003 V     C        01:00:04:00 01:00:08:10 01:00:00:00 01:00:04:10
    002  A001C007 V     D    024 01:02:11:05 01:02:15:05 01:00:04:10 01:00:08:10

Of these the record's times and the video channels count. Lines that do not start with a number are
comments and notes of programs.

Source:
    SMPTE 258M-2004 for the words; CMX 3600 as written by Avid, Premiere and Resolve.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from math import floor
from pathlib import Path

from robust_matte.errors import InputError
from robust_matte.media.edits import Edit, EditList
from robust_matte.media.failures import cannot_open
from robust_matte.media.timecode import Timecode
from robust_matte.settings.edit_rate import EditRate

__all__ = ["parse_edl", "read_edl"]

_MOST_BYTES = 64 << 20  # far beyond any edit; a movie with another name is not read whole
_TIME = re.compile(r"\d\d:\d\d:\d\d[:;.,]\d\d")
_CHANNELS = re.compile(r"(?:A\d{0,2}|AA|V\d{0,2}|B|NONE|U)(?:[/,](?:A\d{0,2}|AA|V\d{0,2}|B))*")
_TRANSITION = re.compile(r"(?:C|D|W\d{1,4}|K[BO]?)")
_SHAPE = "number, reel, channels, transition and four timecodes"


def read_edl(path: Path, rate: EditRate) -> EditList:
    """Read the edits of a picture.

    Args:
        path: The file.
        rate: Its rate, which the file does not tell.

    Raises:
        InputError: The file cannot be read, is no edit list, has an event that cannot be
            understood, or no video.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise cannot_open(path, error, is_typed=True) from error
    return parse_edl(path, _decoded(content, path), rate)


def parse_edl(path: Path, text: str, rate: EditRate) -> EditList:
    """Read the edits of a picture from a list's text; see `read_edl`."""
    reader = _Reader(path, rate)
    for number, line in enumerate(text.splitlines(), start=1):
        reader.take(number, line.strip())
    if not reader.edits:
        has = "none of video" if reader.has_events else "no events"
        raise InputError(
            f"The edit list {path} has {has}.",
            hint="Export it again with its video track, as CMX 3600.",
            path=path,
        )
    return EditList(
        path=path,
        fps=rate.fps,
        is_drop=reader.is_drop,
        is_timed=True,
        edits=tuple(reader.edits),
        notes=tuple(reader.notes()),
    )


class _Reader:
    """Takes the lines of one list.

    Args:
        path: The file, for messages.
        rate: Its rate.
    """

    def __init__(self, path: Path, rate: EditRate) -> None:
        self._path = path
        self._rate = rate
        self._fps = floor(rate.fps + Fraction(1, 2))
        self._fcm: bool | None = None
        self._speeds = 0
        self.edits: list[Edit] = []
        self.has_events = False
        self.is_drop = False

    def take(self, number: int, line: str) -> None:
        """Take one line; what is no event is a comment, or says how frames are counted."""
        words = line.split()
        if not words:
            return
        first = words[0].upper()
        if first == "FCM:" and self._fcm is None:  # later ones are of sources
            self._fcm = "NON" not in line.upper()
        elif first == "M2":
            self._speeds += 1
        elif re.fullmatch(r"\d+[A-Z]?", first):
            self._take_event(number, words)

    def notes(self) -> Iterator[str]:
        """Yield what was not heeded."""
        if self._speeds:
            lines = f"{self._speeds} line{'s' if self._speeds > 1 else ''}"
            yield f"{lines} of speed (M2) in {self._path.name}: a change of speed is no cut"

    def _take_event(self, number: int, words: list[str]) -> None:
        self.has_events = True
        at = next((i for i in range(len(words)) if self._are_times(words[i : i + 4])), None)
        if at is None:
            raise self._malformed(number, f"is no event of {_SHAPE}")
        channels, length = self._transition(number, words[1:at])
        if not _has_video(channels):
            return
        start, end = (self._count(number, word) for word in words[at + 2 : at + 4])
        if end < start:
            raise self._malformed(number, f"ends at {words[at + 3]}, before {words[at + 2]}")
        if end > start:  # the first line of a dissolve names what it comes from, and takes no time
            cut = start + min(length // 2, end - start - 1)
            self.edits.append(Edit(track=_track(channels), start=start, end=end, cut=cut))

    @staticmethod
    def _are_times(words: list[str]) -> bool:
        return len(words) == 4 and all(map(_TIME.fullmatch, words))

    def _transition(self, number: int, words: list[str]) -> tuple[str, int]:
        """Return the channels, and how many frames the transition takes; 0 of a cut."""
        upper = [word.upper() for word in words]
        for at in range(1, len(upper) - 1):  # a reel is before it, of one word or more
            if _CHANNELS.fullmatch(upper[at]) and _TRANSITION.fullmatch(upper[at + 1]):
                rest = [word for word in upper[at + 2 :] if word.isdecimal()]
                kind = upper[at + 1]
                if not rest and kind[0] in "DW":
                    raise self._malformed(number, f"has a transition {kind} of no length")
                return upper[at], int(rest[-1]) if rest and kind != "C" else 0
        raise self._malformed(number, f"is no event of {_SHAPE}")

    def _count(self, number: int, word: str) -> int:
        """Return how many frames a timecode is after midnight."""
        is_drop = self._rate.is_drop
        if is_drop is None:
            is_drop = word[8] != ":" or bool(self._fcm)
        spelt = f"{word[:8]}{';' if is_drop else ':'}{word[9:]}"
        timecode = Timecode.parse(spelt, self._rate.fps)
        if timecode is None or str(timecode) != spelt:  # 01:01:00;00 is a number that is dropped
            raise self._malformed(
                number,
                f"has the timecode {word}, which is none at {self._spoken(is_drop)}",
                hint="State the rate that the edit was made at with --cuts-rate.",
            )
        self.is_drop = self.is_drop or is_drop
        return timecode.count

    def _spoken(self, is_drop: bool) -> str:
        drop = " with dropped frame numbers" if is_drop else ""
        return f"{float(self._rate.fps):.5g} frames a second{drop}"

    def _malformed(self, number: int, what: str, hint: str = "") -> InputError:
        return InputError(
            f"Line {number} of {self._path} {what}.",
            hint=hint or "Export the edit list again, or mend that line.",
            path=self._path,
        )


def _has_video(channels: str) -> bool:
    return "V" in channels or channels.startswith("B")


def _track(channels: str) -> str:
    """Return the video track among channels such as `AA/V` or `V2`."""
    names = re.split(r"[/,]", channels)
    track = next((name for name in names if name.startswith("V")), "V")
    return "V" if track == "V1" else track


def _decoded(content: bytes, path: Path) -> str:
    """Return a text file's text, in whatever of the usual encodings it is."""
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if len(content) > _MOST_BYTES or "\0" in text:
        raise InputError(
            f"The edit list {path} is not text.",
            hint="Export it as CMX 3600, or name the file that was meant.",
            path=path,
        )
    return text
