"""Robust Matte in the video sequencer: its operators, its menu entry and its panel."""

from __future__ import annotations

__all__ = ["register", "unregister"]


def register() -> None:
    """Add the settings of strips, the operators, the menu entry and the panel."""


def unregister() -> None:
    """Take them away."""
