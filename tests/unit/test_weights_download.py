"""Fetching a file over HTTP, against servers that fail in every way."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest

from robust_matte.errors import WeightsMissingError
from robust_matte.weights import download as module
from robust_matte.weights.download import discard_part, download

BODY = bytes(range(256)) * 1200  # more than one block
NAME = "w.pth"
SOME = 70_000.0


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / f".{NAME}.part"


@pytest.fixture
def fetch(part: Path) -> Callable[..., list[tuple[int, int]]]:
    """Download w.pth quickly; returns what was told."""

    def run(server: Any, **values: Any) -> list[tuple[int, int]]:
        told: list[tuple[int, int]] = []
        usual: dict[str, Any] = {"pauses_s": (0.0, 0.0), "stalled_s": 5.0}
        url = f"{server.address}/{NAME}"
        download(url, part, lambda *now: told.append(now), **(usual | values))
        return told

    return run


def test_whole_file_comes_and_its_progress_is_told(
    serve_files: Any, fetch: Any, part: Path
) -> None:
    server = serve_files(files={NAME: BODY})
    told = fetch(server)
    assert part.read_bytes() == BODY
    assert told[0] == (0, len(BODY))
    assert told[-1] == (len(BODY), len(BODY))
    assert told == sorted(told)
    assert server.requests == [(f"/v1/{NAME}", None)]


def test_closed_connection_is_gone_on_with(serve_files: Any, fetch: Any, part: Path) -> None:
    server = serve_files(files={NAME: BODY}, faults=[SOME, SOME])
    fetch(server)
    assert part.read_bytes() == BODY
    ranges = [asked for _, asked in server.requests]
    assert ranges == [None, f"bytes={int(SOME)}-", f"bytes={2 * int(SOME)}-"]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"has_ranges": False}, id="server without ranges"),
        pytest.param({"headers": {}}, id="nothing to know the version by"),
        pytest.param({"headers": {}, "heeds_if_range": False}, id="nor is it asked for"),
        pytest.param({"headers": {"ETag": 'W/"about"'}}, id="weak tag"),
    ],
)
def test_what_cannot_be_gone_on_with_starts_over(
    values: Any, serve_files: Any, fetch: Any, part: Path
) -> None:
    server = serve_files(files={NAME: BODY}, faults=[SOME], **values)
    told = fetch(server)
    assert part.read_bytes() == BODY
    assert told.count((0, len(BODY))) == 2


def test_a_date_stands_in_for_a_tag(serve_files: Any, fetch: Any, part: Path) -> None:
    headers = {"Last-Modified": "Wed, 25 Aug 2021 00:00:00 GMT"}
    server = serve_files(files={NAME: BODY}, faults=[SOME], headers=headers)
    fetch(server)
    assert part.read_bytes() == BODY
    assert server.requests[1][1] == f"bytes={int(SOME)}-"


@pytest.mark.parametrize(
    "heeds", [pytest.param(True, id="If-Range heeded"), pytest.param(False, id="ignored")]
)
def test_two_versions_are_never_mixed(
    heeds: bool, serve_files: Any, fetch: Any, part: Path
) -> None:
    server = serve_files(files={NAME: BODY}, faults=[SOME, 404], heeds_if_range=heeds)
    with pytest.raises(WeightsMissingError):
        fetch(server)
    server.files[NAME], server.headers["ETag"] = BODY[::-1], '"second"'
    fetch(server)
    assert part.read_bytes() == BODY[::-1]


def test_a_later_call_goes_on_where_an_earlier_one_stopped(
    serve_files: Any, fetch: Any, part: Path
) -> None:
    server = serve_files(files={NAME: BODY}, faults=[SOME, 0.0, 0.0, 0.0])
    with pytest.raises(
        WeightsMissingError, match=r"closed after 70000 of 307200 bytes\."
    ) as caught:
        fetch(server)
    assert "Run the same command again, which goes on from there; or " in caught.value.hint
    assert part.read_bytes() == BODY[: int(SOME)]
    del server.requests[:]
    fetch(server)
    assert part.read_bytes() == BODY
    assert server.requests == [(f"/v1/{NAME}", f"bytes={int(SOME)}-")]


def test_a_beginning_from_elsewhere_is_not_gone_on_with(
    serve_files: Any, fetch: Any, part: Path
) -> None:
    first = serve_files(files={NAME: BODY}, faults=[SOME, 404])
    with pytest.raises(WeightsMissingError):
        fetch(first)
    mirror = serve_files(files={NAME: BODY[::-1]})
    fetch(mirror)
    assert part.read_bytes() == BODY[::-1]
    assert mirror.requests == [(f"/v1/{NAME}", None)]


def test_a_beginning_that_is_too_long_starts_over(serve_files: Any, fetch: Any, part: Path) -> None:
    server = serve_files(files={NAME: BODY}, faults=[SOME, 404])
    with pytest.raises(WeightsMissingError):
        fetch(server)
    server.files[NAME] = BODY[: int(SOME)]
    fetch(server)
    assert part.read_bytes() == BODY[: int(SOME)]


def test_silence_is_told_and_what_came_is_kept(serve_files: Any, fetch: Any, part: Path) -> None:
    server = serve_files(files={NAME: BODY}, faults=[-SOME, -0.1, -0.1, -0.1])
    with pytest.raises(WeightsMissingError, match=r"the server sends nothing\. ") as caught:
        fetch(server, stalled_s=0.2)
    assert f"{server.address}/{NAME} could not be fetched" in caught.value.what
    assert part.read_bytes() == BODY[: int(SOME)]


@pytest.mark.parametrize(
    ("fault", "said", "count"),
    [
        pytest.param(404, "the server answers 404 (Not Found)", 1, id="absent"),
        pytest.param(403, "the server answers 403 (Forbidden)", 1, id="forbidden"),
        pytest.param(503, "the server answers 503 (Service Unavailable)", 3, id="busy"),
        pytest.param(0.0, "the connection was closed after 0 of 307200 bytes", 3, id="nothing"),
    ],
)
def test_a_server_that_never_gives_is_told(
    fault: float, said: str, count: int, serve_files: Any, fetch: Any
) -> None:
    server = serve_files(files={NAME: BODY}, faults=[fault] * 9)
    with pytest.raises(WeightsMissingError) as caught:
        fetch(server)
    assert caught.value.what == f"{server.address}/{NAME} could not be fetched: {said}."
    assert len(server.requests) == count


@pytest.mark.parametrize(
    ("fault", "headers"),
    [
        pytest.param(0.0, {"ETag": '"first"'}, id="nothing came"),
        pytest.param(503, {"ETag": '"first"'}, id="no answer"),
        pytest.param(SOME, {}, id="nothing to know the version by"),
    ],
)
def test_going_on_is_promised_only_where_it_can_be(
    fault: float, headers: dict[str, str], serve_files: Any, fetch: Any
) -> None:
    server = serve_files(files={NAME: BODY}, faults=[fault] * 9, headers=headers)
    with pytest.raises(WeightsMissingError) as caught:
        fetch(server)
    assert caught.value.hint.startswith("Check the network, and run the same command again; or ")
    assert "goes on" not in caught.value.hint


@pytest.mark.parametrize("fault", [404, 503, SOME])
def test_a_failure_names_the_way_for_those_who_have_a_file(
    fault: float, serve_files: Any, fetch: Any
) -> None:
    with pytest.raises(WeightsMissingError) as caught:
        fetch(serve_files(files={NAME: BODY}, faults=[fault, *[503] * 9]))
    assert "robust-matte weights import FILE here" in caught.value.hint
    assert caught.value.hint.endswith("is used by its path, --model FILE.")


def test_a_busy_server_is_asked_again(serve_files: Any, fetch: Any, part: Path) -> None:
    fetch(serve_files(files={NAME: BODY}, faults=[503, 429]))
    assert part.read_bytes() == BODY


def test_attempts_that_bring_bytes_are_not_counted(
    serve_files: Any, fetch: Any, part: Path
) -> None:
    fetch(serve_files(files={NAME: BODY}, faults=[30_000.0] * 10))
    assert part.read_bytes() == BODY


def test_no_server_is_told(part: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/{NAME}"
        with pytest.raises(WeightsMissingError, match=r"could not be fetched: [A-Z].*refused"):
            download(url, part, lambda *_: None, pauses_s=())
    assert not part.exists()


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("file:///etc/hostname", id="file"),
        pytest.param("ftp://127.0.0.1/w.pth", id="ftp"),
        pytest.param("w.pth", id="path"),
        pytest.param("http://127.0.0.1:x/w.pth", id="no port"),
        pytest.param("http://127.0.0.1/a b/w.pth", id="blank"),
        pytest.param("http://127.0.0.1/é/w.pth", id="letter beyond ASCII"),
        pytest.param("http://..a/w.pth", id="empty label"),
        pytest.param("http://[abc/w.pth", id="half a bracket"),
    ],
)
def test_other_addresses_are_refused(url: str, part: Path) -> None:
    with pytest.raises(WeightsMissingError, match="no http or https address"):
        download(url, part, lambda *_: None)


def test_https_is_never_left() -> None:
    follow = module._SafeRedirects().redirect_request
    secure = Request("https://a/w.pth", headers={"Range": "bytes=7-"})
    with pytest.raises(module._BrokenOffError, match="away from https") as caught:
        follow(secure, None, 302, "Found", {}, "http://b/w.pth")  # type: ignore[arg-type]
    assert caught.value.is_final
    onward = follow(secure, None, 302, "Found", {}, "https://b/w.pth")  # type: ignore[arg-type]
    assert onward is not None
    assert onward.get_header("Range") == "bytes=7-"


def test_discarding_leaves_nothing(serve_files: Any, fetch: Any, part: Path) -> None:
    fetch(serve_files(files={NAME: BODY}))
    discard_part(part)
    assert list(part.parent.iterdir()) == []
