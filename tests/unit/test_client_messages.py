"""What a host says: one line each, and nothing that the worker could not read."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from robust_matte_client import MessageError
from robust_matte_client.messages import (
    MAX_LINE,
    bake_message,
    cancel_message,
    preview_message,
    probe_message,
    quit_message,
)

JOB = {"plate": "/a b/é\udce9.####.exr"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param(probe_message("a"), {"do": "probe", "id": "a"}, id="probe"),
        pytest.param(probe_message("a", JOB), {"do": "probe", "id": "a", "job": JOB}, id="plate"),
        pytest.param(bake_message("a", JOB), {"do": "bake", "id": "a", "job": JOB}, id="bake"),
        pytest.param(
            preview_message("a", JOB, -7),
            {"do": "preview", "id": "a", "job": JOB, "frame": -7},
            id="preview",
        ),
        pytest.param(
            preview_message("a", JOB, 7, True, "/b"),
            {"do": "preview", "id": "a", "job": JOB, "frame": 7, "quick": True, "folder": "/b"},
            id="quick",
        ),
        pytest.param(cancel_message("a"), {"do": "cancel", "id": "a"}, id="cancel"),
        pytest.param(quit_message(), {"do": "quit"}, id="quit"),
    ],
)
def test_message_is_one_line_of_json(line: bytes, message: dict[str, Any]) -> None:
    assert line.isascii()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {"v": 1, **message}


@pytest.mark.parametrize("value", [Path("/a"), {1}, b"a", math.nan, math.inf])
def test_job_that_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(MessageError, match="cannot be written as JSON"):
        bake_message("a", {"plate": value})


def test_job_that_holds_itself_is_refused() -> None:
    job: dict[str, Any] = {}
    job["plate"] = job
    with pytest.raises(MessageError, match="cannot be written as JSON"):
        bake_message("a", job)


def test_job_that_is_too_long_for_a_line_is_refused() -> None:
    spare = MAX_LINE - len(bake_message("a", {"cuts": ""}))
    assert len(bake_message("a", {"cuts": "x" * spare})) == MAX_LINE
    with pytest.raises(MessageError, match="takes 1048577 bytes"):
        bake_message("a", {"cuts": "x" * (spare + 1)})
