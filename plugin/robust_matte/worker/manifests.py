"""What manifests share: paths that say where they are, and texts that end somewhere."""

from collections.abc import Sequence
from pathlib import Path

from robust_matte.errors import SettingsError

__all__ = ["in_full", "some_texts"]

_MOST = 200  # a line is to stay below a MiB


def in_full(text: str, key_of_message: str) -> Path:
    """Return a path of a message, which must say where it is.

    Raises:
        SettingsError: It does not.
    """
    path = Path(text)
    if not path.is_absolute() or "\0" in text:
        raise SettingsError(
            f"The {key_of_message} {text!r} says nothing about where it is.",
            hint="Write it in full, from the root or drive on.",
        )
    return path


def some_texts(texts: Sequence[str]) -> tuple[str, ...]:
    """Return texts for a manifest; where there are very many, the first ones and their count."""
    if len(texts) <= _MOST:
        return tuple(texts)
    return (*texts[:_MOST], f"and {len(texts) - _MOST} more, as they were told")
