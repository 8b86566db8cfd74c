"""What decides a bake's pixels beside its job: the engine, its weights and the colour config."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["makers_of"]

_CONFIG = (
    "OCIO"  # the variable that names the config to Blender and to the worker, which inherits it
)


def makers_of(job: Mapping[str, Any], worker: Mapping[str, Any]) -> list[str]:
    """Return a line of each, for the hash of a bake: of another engine it is another bake.

    Args:
        job: The document.
        worker: What the worker said when it began: `version`, and `models` with `name` and
            `present`.
    """
    model = str(job.get("model") or "auto")
    told = [f"engine {worker.get('version')}", f"model {_weights(model, worker)}"]
    config = os.environ.get(_CONFIG, "")
    return [*told, f"config {config} {_looks(Path(config))}"] if config else told


def _weights(model: str, worker: Mapping[str, Any]) -> str:
    if model == "auto":  # which takes the best that are there
        there = [one.get("name") for one in worker.get("models", ()) if one.get("present")]
        return f"auto {sorted(map(str, there))}"
    return f"{model} {_looks(Path(model))}"


def _looks(path: Path) -> str:
    """Return size and time of a file; nothing where the name is none of a file."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"
