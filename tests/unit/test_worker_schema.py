"""The published schema and the worker take the same messages."""

import json
import random
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from robust_matte.errors import RobustMatteError
from robust_matte.jobs.job_document import settings_of_job
from robust_matte.worker.parsing import parse_message
from robust_matte.worker.schema import protocol_schema

FULL = {"plate": "/a.####.exr", "output": "/out"}
PROBED = {"plate": "/a.####.exr"}

KINDS: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


class Reader:
    """Holds values to a schema, with the words that ours uses and no others.

    Args:
        schema: The whole schema, for `$ref`.
    """

    defs: dict[str, Any]
    KEYWORDS: ClassVar[dict[str, Callable[["Reader", Any, Any], bool]]] = {
        "$ref": lambda self, path, value: self.fits(self.defs[path.rpartition("/")[2]], value),
        "oneOf": lambda self, forms, value: sum(self.fits(one, value) for one in forms) == 1,
        "anyOf": lambda self, forms, value: any(self.fits(one, value) for one in forms),
        "type": lambda _, kind, value: KINDS[kind](value),
        "const": lambda _, said, value: type(value) is type(said) and value == said,
        "enum": lambda _, known, value: value in known,
        "required": lambda _, keys, value: not isinstance(value, dict) or {*keys} <= value.keys(),
        "minLength": lambda _, least, value: not isinstance(value, str) or len(value) >= least,
        "maxLength": lambda _, most, value: not isinstance(value, str) or len(value) <= most,
        "minimum": lambda _, least, value: not KINDS["number"](value) or value >= least,
        "maximum": lambda _, most, value: not KINDS["number"](value) or value <= most,
        "properties": lambda self, forms, value: (
            not isinstance(value, dict)
            or all(self.fits(forms[key], value[key]) for key in forms.keys() & value.keys())
        ),
    }
    SAID = frozenset({"title", "description", "default", "additionalProperties"})

    def __init__(self, schema: dict[str, Any]) -> None:
        self.defs = schema["$defs"]

    def fits(self, form: dict[str, Any], value: Any) -> bool:
        """Say whether a value has a form; a word that is not known is a KeyError."""
        is_closed = form.get("additionalProperties") is False and isinstance(value, dict)
        if is_closed and not value.keys() <= form["properties"].keys():
            return False
        words = form.keys() - self.SAID
        return all(self.KEYWORDS[word](self, form[word], value) for word in words)


@pytest.fixture(scope="module")
def is_valid() -> Callable[[Any], bool]:
    schema = protocol_schema()
    reader = Reader(schema)
    return lambda message: reader.fits(schema["$defs"]["message"], message)


def is_taken(said: dict[str, Any]) -> bool:
    """Say whether the worker takes a message and the job in it."""
    try:
        message = parse_message(json.dumps(said).encode())
        job = getattr(message, "job", None)
        if job is not None:
            settings_of_job(job, None, needs_output=said["do"] != "probe")
    except RobustMatteError:
        return False
    return True


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param({"do": "bake", "id": "a", "job": FULL}, True, id="a job"),
        pytest.param({"do": "bake", "id": "a", "job_file": "/job"}, True, id="a file"),
        pytest.param({"do": "bake", "id": "a", "job": FULL, "job_file": None}, True, id="null"),
        pytest.param({"do": "bake", "id": "a"}, False, id="neither"),
        pytest.param({"do": "bake", "id": "a", "job": None}, False, id="none"),
        pytest.param({"do": "bake", "id": "a", "job": FULL, "job_file": "/job"}, False, id="both"),
        pytest.param({"do": "bake", "id": "a", "job": PROBED}, False, id="no output"),
        pytest.param(
            {"do": "bake", "id": "a", "job": FULL | {"output": None}}, False, id="null as output"
        ),
        pytest.param({"do": "preview", "id": "a", "job": PROBED, "frame": 1}, False, id="preview"),
        pytest.param({"do": "probe", "id": "a", "job": PROBED}, True, id="a probe needs no output"),
        pytest.param({"do": "probe", "id": "a", "job": None}, True, id="a probe of nothing"),
    ],
)
def test_the_schema_states_what_is_refused(
    is_valid: Callable[[Any], bool], message: dict[str, Any], expected: bool
) -> None:
    said = {"v": 1} | message
    assert (is_valid(said), is_taken(said)) == (expected, expected)


def random_message(dice: random.Random) -> dict[str, Any]:
    """Return a message that is right, or nearly."""
    jobs = [FULL, FULL, PROBED, FULL | {"output": None}, FULL | {"plaet": 1}, {}, [], "/a", None]
    values: dict[str, list[Any]] = {
        "id": ["a", "a", "", "x" * 200, "x" * 201, 7, None],
        "job": jobs,
        "job_file": ["/job", "", None, 3],
        "frame": [1, -5, 2**31, "7", True, None],
        "quick": [True, False, 1, None],
        "folder": ["/folder", "", None, 5],
        "now": [1],
    }
    do = dice.choice(["probe", "bake", "bake", "preview", "preview", "cancel", "quit", "fly"])
    usual = {"bake": ["id", "job"], "preview": ["id", "job", "frame"], "quit": []}.get(do, ["id"])
    message = {"v": dice.choice([1, 1, 1, 1, 1, 2, True, "1"]), "do": do}
    message |= {key: values[key][0] for key in usual if dice.random() < 0.9}
    more = dice.sample(sorted(values), dice.randrange(3))
    return message | {key: dice.choice(values[key]) for key in more}


def test_what_the_schema_takes_the_worker_takes(is_valid: Callable[[Any], bool]) -> None:
    dice = random.Random(7)  # noqa: S311 - the same messages in every run
    taken = 0
    for _ in range(5000):
        message = random_message(dice)
        assert is_valid(message) == is_taken(message), message
        taken += is_taken(message)
    assert 500 < taken < 4500
