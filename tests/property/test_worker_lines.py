"""Whatever bytes come, in whatever pieces: lines are the same, messages or refused."""

import json
from collections.abc import Iterable

from hypothesis import example, given
from hypothesis import strategies as st

from robust_matte.errors import ProtocolError
from robust_matte.worker.events import event_line
from robust_matte.worker.failing import failed
from robust_matte.worker.lines import bounded_lines
from robust_matte.worker.messages import MESSAGES
from robust_matte.worker.parsing import parse_message

LONGEST = 12


def lines_of(pieces: Iterable[bytes]) -> list[bytes | None]:
    parts = iter([piece for piece in pieces if piece])
    return list(bounded_lines(lambda _: next(parts, b""), LONGEST))


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"\n", b"\r\n", b"ab\n"]), max_size=12))
@example([b"x" * 12, b"\n", b"x" * 13, b"\n"])
@example([b"x" * 13])
@example([b"x" * 12, b"x"])
def test_lines_do_not_depend_on_how_they_come(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    expected = [
        None if len(line) > LONGEST else line.strip()
        for line in whole.split(b"\n")
        if len(line) > LONGEST or line.strip()
    ]
    assert lines_of(pieces) == expected
    assert lines_of([whole]) == expected
    assert lines_of([whole[at : at + 1] for at in range(len(whole))]) == expected


def test_lines_come_as_soon_as_they_are_whole() -> None:
    came: list[str] = []

    def read(_: int) -> bytes:
        came.append("read")
        return b"one\n" if len(came) == 1 else b""

    for line in bounded_lines(read):
        came.append(str(line))
    assert came == ["read", "b'one'", "read"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(["id", "job", "job_file", "frame", "quick", "folder", "w"])
MESSAGE = st.builds(
    lambda version, do, more: {"v": version, "do": do} | more,
    st.sampled_from([1, 1, 1, 2, True, "1"]),
    st.sampled_from([*MESSAGES, "eval", 3]),
    st.dictionaries(KEYS, VALUES, max_size=4),
)
SURROGATES = st.text(st.characters(codec=None, categories=["Cs", "Lu"]), max_size=4)


@given(
    st.binary(max_size=80)
    | VALUES.map(lambda one: json.dumps(one).encode())
    | MESSAGE.map(lambda one: json.dumps(one).encode())
    | SURROGATES.map(lambda one: json.dumps({"v": 1, "do": "cancel", "id": one}).encode())
)
@example(b'{"v":1,"do":"bake","id":"a","job":' + b'{"a":' * 5000)
@example(b'{"v":1,"do":"cancel","id":"a","v":1}')
@example(b'{"v":1,"do":"cancel","id":' + b"9" * 5000 + b"}")
@example(b'{"v":1.0,"do":"quit"}')
@example(b'\xef\xbb\xbf{"v":1,"do":"quit"}')
def test_a_line_is_a_message_or_refused_in_words(line: bytes) -> None:
    try:
        message = parse_message(line)
    except ProtocolError as error:
        told = event_line(failed(error, error.job))
        assert json.loads(told)["code"] == "protocol"
        told.encode("ascii")
        assert len(told) < 2000
    else:
        assert message.model_dump(exclude_unset=True) == json.loads(line)
