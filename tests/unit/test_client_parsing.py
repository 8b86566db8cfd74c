"""From a worker's line to an event: what is known is typed, what is wrong is said."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from robust_matte_client import Cancelled, Done, Failed, Frame, Ready, Stage, Warned
from robust_matte_client.parsing import BadLine, OtherProtocol, event_of

EVENTS: dict[str, tuple[dict[str, Any], object, str]] = {
    "ready": (
        {
            "version": "0.4",
            "protocols": [1, 2],
            "devices": [{"name": "cpu", "label": "16 cores"}],
            "models": [{"name": "draft", "present": True}],
        },
        Ready(
            "0.4",
            (1, 2),
            ({"name": "cpu", "label": "16 cores"},),
            ({"name": "draft", "present": True},),
        ),
        "<Ready: version 0.4, cpu>",
    ),
    "stage": (
        {"id": "a", "stage": "keying", "done": 3, "total": 40, "text": "b", "percent": 12.5},
        Stage("a", "keying", 3, 40, "b", 12.5, None),
        "<Stage a: keying 3/40, 12.5 % b>",
    ),
    "frame": (
        {
            "id": "a",
            "number": 1007,
            "done": 7,
            "total": 40,
            "fps": 3.1,
            "eta_s": 10.6,
            "percent": 31,
            "files": ["/x.exr"],
            "reset": "cut",
        },
        Frame("a", 1007, 7, 40, 3.1, 10.6, 31.0, ("/x.exr",), "cut"),
        "<Frame a: 1007, 7/40, 31.0 %, 3.10 fps, 11 s left>",
    ),
    "warning": ({"id": None, "text": "b"}, Warned(None, "b"), "<Warned: b>"),
    "done": (
        {"id": "a", "manifest": {"frames": "1-3", "written": 3}},
        Done("a", {"frames": "1-3", "written": 3}),
        "<Done a: frames 1-3>",
    ),
    "cancelled": (
        {"id": "a", "resumable": True, "what": "b.", "hint": "c."},
        Cancelled("a", True, "b.", "c."),
        "<Cancelled a: b. c.>",
    ),
    "failed": (
        {"id": "a", "code": "input", "what": "b.", "hint": "c.", "frame": 9},
        Failed("a", "input", "b.", "c.", 9),
        "<Failed a: input at frame 9: b. c.>",
    ),
}


def line_of(name: str, **changes: object) -> bytes:
    return json.dumps({"v": 1, "event": name, **EVENTS[name][0], **changes}).encode()


@pytest.mark.parametrize("name", EVENTS)
def test_event_is_typed_and_prints_as_a_line(name: str) -> None:
    event = event_of(line_of(name))
    assert event == EVENTS[name][1]
    assert repr(event) == EVENTS[name][2]


@pytest.mark.parametrize("name", EVENTS)
def test_keys_of_later_engines_are_passed_over(name: str) -> None:
    assert event_of(line_of(name, later={"a": [1]})) == EVENTS[name][1]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        pytest.param(b"", "not JSON", id="nothing"),
        pytest.param(b"Hello", "not JSON", id="text"),
        pytest.param(b'{"v": 1, "event"', "not JSON", id="half"),
        pytest.param(b"\xff\xfe", "not JSON", id="no UTF-8"),
        pytest.param(b"[" * 100_000, "not JSON", id="deep"),
        pytest.param(b"1" * 5000, "not JSON", id="many digits"),
        pytest.param(b"x" * (1 << 20), "longer than 1048576 bytes", id="long"),
        pytest.param(b"[1]", "not a JSON object", id="list"),
        pytest.param(b'{"event": "done"}', "no version", id="no version"),
        pytest.param(b'{"v": 1}', "its event is not known", id="no event"),
        pytest.param(b'{"v": 1, "event": "dance"}', "its event is not known", id="other event"),
        pytest.param(b'{"v": 1, "event": ["done"]}', "its event is not known", id="list event"),
        pytest.param(line_of("frame", number="7"), "its number is not right", id="text number"),
        pytest.param(line_of("frame", number=True), "its number is not right", id="true number"),
        pytest.param(line_of("frame", number=7.5), "its number is not right", id="half number"),
        pytest.param(line_of("frame", number=None), "its number is not right", id="null number"),
        pytest.param(line_of("frame", fps="3"), "its fps is not right", id="text rate"),
        pytest.param(line_of("frame", fps=True), "its fps is not right", id="true rate"),
        pytest.param(line_of("frame", fps=10**400), "its fps is not right", id="huge rate"),
        pytest.param(
            line_of("frame", percent=math.nan), "its percent is not right", id="no number"
        ),
        pytest.param(line_of("frame", eta_s=-math.inf), "its eta_s is not right", id="endless"),
        pytest.param(line_of("frame", files="/x"), "its files is not right", id="text files"),
        pytest.param(line_of("frame", files=[1]), "its files is not right", id="number files"),
        pytest.param(line_of("done", manifest=[]), "its manifest is not right", id="manifest"),
        pytest.param(b'{"v": 1, "event": "done"}', "its manifest is not there", id="none"),
        pytest.param(line_of("failed", id=7), "its id is not right", id="number id"),
        pytest.param(line_of("ready", protocols=["1"]), "its protocols is not right", id="ready"),
        pytest.param(line_of("cancelled", resumable=1), "its resumable is not right", id="flag"),
    ],
)
def test_line_that_is_no_event_is_said(line: bytes, told: str) -> None:
    with pytest.raises(BadLine, match=told):
        event_of(line)


@pytest.mark.parametrize("version", [0, 2, 1.5, "1", True, None, [1]])
def test_other_protocol_is_told_apart(version: object) -> None:
    with pytest.raises(OtherProtocol):
        event_of(json.dumps({"v": version, "event": "done", "manifest": {}}).encode())


def test_surrogates_of_file_names_come_through() -> None:
    event = event_of(rb'{"v":1,"event":"warning","text":"/x\udce9.exr"}')
    assert event == Warned(None, "/x\udce9.exr")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
KEYS = ["id", "stage", "number", "done", "total", "manifest", "files", "code", "what", "text", "v"]


@given(st.sampled_from(sorted(EVENTS)), st.dictionaries(st.sampled_from(KEYS), values))
def test_any_object_is_an_event_or_said_to_be_none(name: str, changes: dict[str, Any]) -> None:
    line = json.dumps({"v": 1, "event": name, **EVENTS[name][0], **changes}).encode()
    try:
        event = event_of(line)
    except BadLine:
        return
    assert repr(event).startswith(f"<{type(event).__name__}")


@given(st.binary())
def test_any_bytes_are_said_to_be_no_event(line: bytes) -> None:
    with pytest.raises(BadLine):
        event_of(line)
