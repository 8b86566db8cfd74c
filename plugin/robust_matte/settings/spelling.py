"""Names whose bytes are no UTF-8 text, as old disks and foreign archives hold them."""

import os

__all__ = ["is_utf8", "legible"]


def is_utf8(name: str) -> bool:
    """Say whether a name is text; Python keeps other bytes as lone surrogates."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def legible(name: str) -> str:
    r"""Return a name that can be shown, with `\xe9` for a byte that is none of UTF-8."""
    return name if is_utf8(name) else os.fsencode(name).decode("utf-8", "backslashreplace")
