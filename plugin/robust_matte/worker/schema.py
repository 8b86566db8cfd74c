"""The protocol's form as a JSON schema, for those who write hosts."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from robust_matte.settings.key_settings import KeySettings
from robust_matte.worker.events import EVENTS
from robust_matte.worker.messages import MESSAGES

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
            properties["job"] = {"$ref": "#/$defs/KeySettings"}
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
