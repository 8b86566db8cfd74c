"""Lines of a worker: cut out of chunks of any size, in bounded memory."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from robust_matte_client.lines import Lines


def feed_all(lines: Lines, chunks: list[bytes]) -> list[bytes]:
    return [line for chunk in chunks for line in lines.feed(chunk)]


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_chunks_do_not_matter(content: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(content)]
    chunks = [content[a:b] for a, b in pairwise(places)]
    lines = Lines(1000)
    *ended, rest = content.split(b"\n")
    assert feed_all(lines, chunks) == ended
    assert lines.rest() == rest


@given(st.binary(max_size=200), st.integers(1, 30), st.integers(1, 50))
def test_long_lines_come_once_and_cut(content: bytes, limit: int, size: int) -> None:
    lines = Lines(limit)
    chunks = [content[place : place + size] for place in range(0, len(content), size)]
    found = feed_all(lines, chunks)
    *ended, rest = content.split(b"\n")
    wanted = [line[: limit + 1] for line in ended]
    if len(rest) > limit:  # it comes before its end
        assert found == [*wanted, rest[: limit + 1]]
        assert lines.rest() == b""
    else:
        assert found == wanted
        assert lines.rest() == rest


def test_endless_line_is_counted_and_not_kept() -> None:
    lines = Lines(1000)
    assert [len(line) for line in feed_all(lines, [b"x" * 700] * 1000)] == [1001]
    assert lines.skipped == 700 * 1000 - 1001
    assert lines.feed(b"\nshort\n") == [b"short"]
    assert lines.skipped == 0


@pytest.mark.parametrize("size", [10, 11])
def test_limit_is_what_a_line_may_have(size: int) -> None:
    found = Lines(10).feed(b"x" * size + b"\n")
    assert found == [b"x" * size]
