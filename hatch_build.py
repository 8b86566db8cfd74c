"""Puts nodes/ into the wheel; an editable install reads it from the repository instead."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NodesHook(BuildHookInterface[Any]):
    """Ships the host nodes as data: `robust_matte/_nodes`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folder to standard builds only; an editable one would get a stale copy."""
        if version == "standard":
            build_data["force_include"]["nodes"] = "robust_matte/_nodes"
