"""Texts for hosts: of a length that can be shown, and nothing but text."""

from collections.abc import Sequence

__all__ = ["shown", "some_texts"]

_LONGEST = 2000  # characters of a sentence: a host shows it, and a plate's name may be in it
_MOST = 200  # texts of a manifest: a line is to stay below a MiB


def shown(text: str) -> str:
    r"""Return a text as a host can show it: with an end, and with `\udce9` for what is no text."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def some_texts(texts: Sequence[str]) -> tuple[str, ...]:
    """Return texts for a manifest; where there are very many, the first ones and their count."""
    first = tuple(map(shown, texts[:_MOST]))
    return first if len(texts) <= _MOST else (*first, f"and {len(texts) - _MOST} more")
