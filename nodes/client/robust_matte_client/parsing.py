"""A worker's line becomes an event; keys that a later engine adds are passed over."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from .events import Cancelled, Done, Event, Failed, Frame, Ready, Stage, Warned
from .messages import MAX_LINE, PROTOCOL

__all__ = ["BadLine", "OtherProtocol", "event_of"]


class BadLine(Exception):  # noqa: N818 - becomes an event, never an error of the host's
    """A line that is no event; as text, why."""


class OtherProtocol(BadLine):
    """A line of another version of the protocol; as text, of which."""


def event_of(line: bytes) -> Event:
    """Return the event that a line tells.

    Raises:
        BadLine: It tells none.
        OtherProtocol: It is of another version of the protocol.
    """
    if len(line) >= MAX_LINE:
        raise BadLine(f"it is longer than {MAX_LINE} bytes")
    try:
        content = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadLine("it is not JSON") from error
    if not isinstance(content, dict):
        raise BadLine("it is not a JSON object")
    version = content.get("v")
    if isinstance(version, bool) or version != PROTOCOL:
        raise OtherProtocol(f"{version}"[:40]) if "v" in content else BadLine("it has no version")
    make = _MAKERS.get(str(content.get("event")))
    if make is None:
        raise BadLine("its event is not known")
    return make(_Fields(content))


class _Fields:
    """The keys of one event, each of the kind it must have."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content

    def id(self) -> str | None:
        return self.text("id") if self._content.get("id") is not None else None

    def text(self, name: str, default: str | None = None) -> str:
        value = self._content.get(name, default)
        return value if isinstance(value, str) else self._refuse(name)

    def text_or_none(self, name: str) -> str | None:
        return None if self._content.get(name) is None else self.text(name)

    def whole(self, name: str, default: int | None = None) -> int:
        value = self._content.get(name, default)
        return int(value) if _is_whole(value) else self._refuse(name)

    def whole_or_none(self, name: str) -> int | None:
        return None if self._content.get(name) is None else self.whole(name)

    def number_or_none(self, name: str) -> float | None:
        value = self._content.get(name)
        if value is None:
            return None
        if not (isinstance(value, float) or _is_whole(value)):
            self._refuse(name)
        try:
            number = float(value)
        except OverflowError:
            self._refuse(name)
        return number if math.isfinite(number) else self._refuse(name)

    def flag(self, name: str) -> bool:
        value = self._content.get(name, False)
        return value if isinstance(value, bool) else self._refuse(name)

    def texts(self, name: str) -> tuple[str, ...]:
        return self._all(name, lambda value: isinstance(value, str))

    def wholes(self, name: str) -> tuple[int, ...]:
        return self._all(name, _is_whole)

    def objects(self, name: str) -> tuple[Mapping[str, Any], ...]:
        return self._all(name, lambda value: isinstance(value, dict))

    def object(self, name: str) -> Mapping[str, Any]:
        value = self._content.get(name)
        return value if isinstance(value, dict) else self._refuse(name)

    def _all(self, name: str, fits: Callable[[Any], bool]) -> tuple[Any, ...]:
        values = self._content.get(name, [])
        if not isinstance(values, list) or not all(map(fits, values)):
            self._refuse(name)
        return tuple(values)

    def _refuse(self, name: str) -> NoReturn:
        raise BadLine(f"its {name} is {'not right' if name in self._content else 'not there'}")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _ready(fields: _Fields) -> Event:
    return Ready(
        version=fields.text("version"),
        protocols=fields.wholes("protocols"),
        devices=fields.objects("devices"),
        models=fields.objects("models"),
    )


def _stage(fields: _Fields) -> Event:
    return Stage(
        id=fields.id(),
        stage=fields.text("stage"),
        done=fields.whole("done", 0),
        total=fields.whole_or_none("total") or 0,
        text=fields.text("text", ""),
        percent=fields.number_or_none("percent"),
        eta_s=fields.number_or_none("eta_s"),
    )


def _frame(fields: _Fields) -> Event:
    return Frame(
        id=fields.id(),
        number=fields.whole("number"),
        done=fields.whole("done"),
        total=fields.whole("total"),
        fps=fields.number_or_none("fps"),
        eta_s=fields.number_or_none("eta_s"),
        percent=fields.number_or_none("percent"),
        files=fields.texts("files"),
        reset=fields.text_or_none("reset"),
    )


def _warned(fields: _Fields) -> Event:
    return Warned(id=fields.id(), text=fields.text("text"))


def _done(fields: _Fields) -> Event:
    return Done(id=fields.id(), manifest=fields.object("manifest"))


def _cancelled(fields: _Fields) -> Event:
    what, hint = fields.text("what", ""), fields.text("hint", "")
    return Cancelled(fields.id(), fields.flag("resumable"), what, hint)


def _failed(fields: _Fields) -> Event:
    what, hint = fields.text("what"), fields.text("hint", "")
    frame = fields.whole_or_none("frame")
    return Failed(fields.id(), fields.text("code"), what, hint, frame)


_MAKERS: Mapping[str, Callable[[_Fields], Event]] = {
    "ready": _ready,
    "stage": _stage,
    "frame": _frame,
    "warning": _warned,
    "done": _done,
    "cancelled": _cancelled,
    "failed": _failed,
}
