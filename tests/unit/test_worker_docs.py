"""What docs/worker.md and the published schema say of the protocol is what the worker does."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from robust_matte.worker.events import EVENTS, Code, StageName
from robust_matte.worker.messages import MESSAGES
from robust_matte.worker.parsing import parse_message
from robust_matte.worker.schema import protocol_schema


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "worker.md").read_text("utf-8")


@pytest.fixture(scope="module")
def examples(page: str) -> list[str]:
    blocks = re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_every_example_is_a_line_of_the_protocol(examples: list[str]) -> None:
    told = set()
    for line in examples:
        said = json.loads(line)
        if "do" in said:
            message = parse_message(line.encode())
            told.add(message.do)
        else:
            event = EVENTS[said["event"]].model_validate_json(line, strict=True)
            assert json.loads(event.model_dump_json()) == said  # no key is left to its default
            told.add(said["event"])
    assert told == MESSAGES.keys() | EVENTS.keys()


def test_every_stage_and_code_is_named(page: str) -> None:
    assert all(f"`{name}`" in page for name in get_args(StageName))
    codes = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert codes == list(get_args(Code))


def test_the_published_schema_is_that_of_the_program(root: Path) -> None:
    published = json.loads((root / "docs" / "protocol.schema.json").read_text("utf-8"))
    hint = "write it anew: robust-matte serve --schema > docs/protocol.schema.json"
    assert published == protocol_schema(), hint


def test_the_schema_leads_nowhere_but_into_itself() -> None:
    schema = protocol_schema()
    named = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema)))
    assert named <= schema["$defs"].keys()
    assert {"KeySettings", "Bake", "Ready", "Failed"} <= named


def closed(schema: dict[str, Any]) -> list[str]:
    return [
        name
        for name, form in schema["$defs"].items()
        if form.get("type") == "object" and form.get("additionalProperties") is not False
    ]


def test_the_schema_allows_no_key_beside_those_it_names() -> None:
    assert closed(protocol_schema()) == []
