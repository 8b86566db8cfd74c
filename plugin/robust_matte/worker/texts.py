"""Texts for hosts: of a length that can be shown, and nothing but text."""

import json
from collections.abc import Sequence

__all__ = ["shown", "some_texts"]

_LONGEST = 2000  # characters of a sentence: a host shows it, and a plate's name may be in it
_MOST = 200  # texts of a manifest's list
_MOST_BYTES = 200_000  # of such a list as JSON, two of which are in a line of at most a MiB


def shown(text: str) -> str:
    r"""Return a text as a host can show it: with an end, and with `\udce9` for what is no text."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def some_texts(texts: Sequence[str]) -> tuple[str, ...]:
    """Return texts for a manifest; where there are very many, the first ones and their count."""
    first: list[str] = []
    left = _MOST_BYTES
    for text in map(shown, texts[:_MOST]):
        left -= len(json.dumps(text))  # one é is six bytes there
        if left < 0:
            break
        first.append(text)
    more = len(texts) - len(first)
    return tuple(first) if more == 0 else (*first, f"and {more} more")
