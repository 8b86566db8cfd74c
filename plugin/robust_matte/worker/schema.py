"""The protocol's form as a JSON schema, for those who write hosts."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from robust_matte.settings.key_settings import KeySettings
from robust_matte.worker.events import EVENTS
from robust_matte.worker.messages import MESSAGES, Bake, Probe

__all__ = ["protocol_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def protocol_schema() -> dict[str, Any]:
    """Return the schema: a line either way is `#/$defs/message` or `#/$defs/event`."""
    models: list[type[BaseModel]] = [*MESSAGES.values(), *EVENTS.values(), KeySettings]
    _, found = models_json_schema([(one, "validation") for one in models])
    definitions: dict[str, Any] = found["$defs"]
    for model in MESSAGES.values():
        properties = definitions[model.__name__]["properties"]
        if "job" in properties:
            properties["job"] = _job(model)
    definitions[Bake.__name__]["oneOf"] = [_only("job", "object"), _only("job_file", "string")]
    for name, known in (("message", MESSAGES), ("event", EVENTS)):
        definitions[name] = {"oneOf": [_reference(one) for one in known.values()]}
    return {
        "$schema": _DIALECT,
        "title": "Robust Matte's worker: a line either way",
        "anyOf": [{"$ref": "#/$defs/message"}, {"$ref": "#/$defs/event"}],
        "$defs": dict(sorted(definitions.items())),
    }


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/$defs/{model.__name__}"}


def _job(model: type[BaseModel]) -> dict[str, Any]:
    """Return the form of a message's job, which says where its result goes if it has one."""
    form: dict[str, Any] = _reference(KeySettings)
    if model is not Probe:
        form |= {"required": ["output"], "properties": {"output": {"type": "string"}}}
    return form if model.model_fields["job"].is_required() else {"anyOf": [form, {"type": "null"}]}


def _only(key: str, kind: str) -> dict[str, Any]:
    """Return the form of a bake with one of the two keys that hold a job, and not the other."""
    other = "job_file" if key == "job" else "job"
    return {"required": [key], "properties": {key: {"type": kind}, other: {"type": "null"}}}
