"""Plain YAML out of dictionaries, lists, texts and numbers: as much as a job bundle needs."""

import json
import re
from collections.abc import Mapping, Sequence

__all__ = ["Node", "yaml_text"]

Node = Mapping[str, "Node"] | Sequence["Node"] | str | int | float | bool

_PLAIN = re.compile(r"[A-Za-z/][\w./ +-]*[\w./]|[A-Za-z]")
# What YAML 1.1 takes for something other than text.
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"}


def yaml_text(node: Node) -> str:
    """Return a document as YAML, in the order in which it was built.

    Example:
        >>> print(yaml_text({"steps": [{"name": "Plan", "args": ["--bins", "{{Param.Bins}}"]}]}))
        steps:
        - name: Plan
          args:
          - "--bins"
          - "{{Param.Bins}}"
    """
    return "\n".join(_lines(node))


def _lines(node: Node) -> list[str]:
    if isinstance(node, Mapping):
        return [line for key, value in node.items() for line in _entry(key, value)]
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [line for value in node for line in _item(value)]
    return [_scalar(node)]


def _entry(key: str, value: Node) -> list[str]:
    if _is_nested(value):
        indent = "  " if isinstance(value, Mapping) else ""
        return [f"{key}:", *(indent + line for line in _lines(value))]
    return [f"{key}: {_scalar(value)}"]


def _item(value: Node) -> list[str]:
    first, *others = _lines(value) if _is_nested(value) else [_scalar(value)]
    return [f"- {first}", *(f"  {line}" for line in others)]


def _is_nested(value: Node) -> bool:
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str) and len(value) > 0


def _scalar(value: Node) -> str:
    """Return a value on one line; JSON's spelling of it is YAML as well."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
