"""Puts nodes/ into the wheel; an editable install reads it from the repository instead."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEFT_OUT = frozenset({".pyi", ".pyc"})  # what mypy is told, and caches


class NodesHook(BuildHookInterface[Any]):
    """Ships the host nodes as data: `robust_matte/_nodes`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folder to standard builds only; an editable one would get a stale copy."""
        if version != "standard":
            return
        nodes = Path(self.root, "nodes")
        for path in sorted(nodes.rglob("*")):
            if path.is_file() and path.suffix not in LEFT_OUT:
                name = path.relative_to(nodes).as_posix()
                build_data["force_include"][str(path)] = f"robust_matte/_nodes/{name}"
