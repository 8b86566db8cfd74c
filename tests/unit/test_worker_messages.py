"""What the worker says to lines that are no messages."""

import json
from typing import Any

import pytest

from robust_matte.errors import ProtocolError
from robust_matte.worker.messages import Bake, Cancel, Preview, Probe, Quit
from robust_matte.worker.parsing import parse_message

JOB = {"plate": "/a.exr"}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        pytest.param({"do": "probe", "id": "a"}, Probe, id="probe"),
        pytest.param({"do": "probe", "id": "a", "job": JOB}, Probe, id="probe of a plate"),
        pytest.param({"do": "bake", "id": "x" * 200, "job": JOB}, Bake, id="bake"),
        pytest.param({"do": "bake", "id": "ü", "job_file": "/a"}, Bake, id="bake of a file"),
        pytest.param({"do": "preview", "id": "a", "job": JOB, "frame": -5}, Preview, id="preview"),
        pytest.param({"do": "cancel", "id": "a"}, Cancel, id="cancel"),
        pytest.param({"do": "quit"}, Quit, id="quit"),
    ],
)
def test_messages_are_taken(message: dict[str, Any], kind: type) -> None:
    assert type(parse_message(json.dumps({"v": 1} | message).encode())) is kind


NOT = "A line cannot be understood: "
REFUSED = [
    pytest.param(b"bake", f"{NOT}it is no JSON at character 1: Expecting value.", id="a word"),
    pytest.param(b'{"v":1', f"{NOT}it is no JSON at character 7: Expecting ',' delimiter.",
                 id="cut off"),
    pytest.param(b"\xff\xfe{", f"{NOT}its byte 1 is no UTF-8.", id="bytes"),
    pytest.param(b"[" * 500_000, f"{NOT}it is nested too deeply.", id="nested"),
    pytest.param(b'{"v":1,"v":1}', f"{NOT}the key 'v' stands in it twice.", id="twice"),
    pytest.param(b'{"v":1,"do":"probe","id":"a","job":{"a":1,"a":2}}',
                 f"{NOT}the key 'a' stands in it twice.", id="twice in the job"),
    pytest.param(b'{"v":NaN}', f"{NOT}NaN is no number of JSON.", id="NaN"),
    pytest.param(b'{"v":-Infinity}', f"{NOT}-Infinity is no number of JSON.", id="infinity"),
    pytest.param(b'{"v":1e999}', f"{NOT}the number 1e999 is too large.", id="a large number"),
    pytest.param(b"9" * 5000, f"{NOT}a number in it has too many digits.", id="many digits"),
    pytest.param(b'{"v":1,"do":"cancel","id":"\\ud800"}',
                 f"{NOT}a text in it holds half a character.", id="half a character"),
    pytest.param(b"[1]", "A line is no JSON object.", id="a list"),
    pytest.param(b"{}", "A message has the version None, and this worker speaks 1.", id="none"),
    pytest.param(b'{"v":2,"do":"fly","x":1}',
                 "A message has the version 2, and this worker speaks 1.", id="version"),
    pytest.param(b'{"v":true,"do":"quit"}',
                 "A message has the version True, and this worker speaks 1.", id="true"),
    pytest.param(b'{"v":1,"do":"fly"}', "A message asks to do 'fly', which this worker cannot.",
                 id="unknown"),
    pytest.param(b'{"v":1}', "A message asks to do None, which this worker cannot.", id="nothing"),
    pytest.param(b'{"v":1,"do":["quit"]}',
                 "A message asks to do ['quit'], which this worker cannot.", id="a list to do"),
    pytest.param(b'{"v":1,"do":"cancel"}', "The message cancel lacks id.", id="no id"),
    pytest.param(b'{"v":1,"do":"cancel","id":""}', "In the message cancel, id cannot be ''.",
                 id="empty id"),
    pytest.param(b'{"v":1,"do":"cancel","id":7}', "In the message cancel, id cannot be 7.",
                 id="number as id"),
    pytest.param(b'{"v":1,"do":"quit","now":true}', "The message quit has no key now.", id="key"),
    pytest.param(b'{"v":1,"do":"bake","id":"a"}',
                 "The message bake has both job and job_file, or neither.", id="no job"),
    pytest.param(b'{"v":1,"do":"bake","id":"a","job":{},"job_file":"/a"}',
                 "The message bake has both job and job_file, or neither.", id="two jobs"),
    pytest.param(b'{"v":1,"do":"bake","id":"a","job":"/a"}',
                 "In the message bake, job cannot be '/a'.", id="job as text"),
    pytest.param(b'{"v":1,"do":"preview","id":"a","job":{},"frame":"7"}',
                 "In the message preview, frame cannot be '7'.", id="frame as text"),
    pytest.param(b'{"v":1,"do":"preview","id":"a","job":{},"frame":7.0}',
                 "In the message preview, frame cannot be 7.0.", id="frame as float"),
    pytest.param(b'{"v":1,"do":"preview","id":"a","job":{},"frame":true}',
                 "In the message preview, frame cannot be True.", id="frame as truth"),
    pytest.param(b'{"v":1,"do":"preview","id":"a","job":{},"frame":1,"quick":1}',
                 "In the message preview, quick cannot be 1.", id="quick as number"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "what"), REFUSED)
def test_what_is_no_message_is_refused_in_words(line: bytes, what: str) -> None:
    with pytest.raises(ProtocolError) as raised:
        parse_message(line)
    assert raised.value.what == what
    assert raised.value.hint


@pytest.mark.parametrize(
    ("message", "job"),
    [
        pytest.param({"do": "bake", "id": "a"}, "a", id="a job"),
        pytest.param({"do": "preview", "id": "a", "x": 1}, "a", id="a job with an unknown key"),
        pytest.param({"v": 2, "do": "bake", "id": "a"}, "a", id="a job of another version"),
        pytest.param({"do": "cancel", "id": "a", "x": 1}, None, id="a cancel"),
        pytest.param({"do": "bake", "id": "x" * 201}, None, id="a long id"),
        pytest.param({"do": "bake", "id": ["a"]}, None, id="no id"),
    ],
)
def test_only_a_job_that_did_not_begin_is_named(message: dict[str, Any], job: str | None) -> None:
    with pytest.raises(ProtocolError) as raised:
        parse_message(json.dumps({"v": 1} | message).encode())
    assert raised.value.job == job
