"""Paths in messages, which must say where they are: nobody knows where a host was started."""

from pathlib import Path

from robust_matte.errors import SettingsError

__all__ = ["in_full"]


def in_full(text: str, key: str) -> Path:
    """Return a path of a message.

    Args:
        text: The path.
        key: The key of the message that it stands at.

    Raises:
        SettingsError: It is relative, or no file can have such a name.
    """
    path = Path(text)
    if "\0" in text or not path.is_absolute():
        raise SettingsError(
            f"The {key} {text!r} says nothing about where it is.",
            hint="Write it in full, from the root or drive on.",
        )
    return path
