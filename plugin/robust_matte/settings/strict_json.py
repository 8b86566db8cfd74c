"""JSON from outside, read strictly: what could be taken in two ways is refused."""

import json
import math
from collections.abc import Callable
from typing import Any, Never

from robust_matte.errors import RobustMatteError

__all__ = ["LONGEST", "parse_strict_json"]

LONGEST = 1 << 20
"""Bytes of the longest document, or line, that is read."""

_SHOWN = 60  # characters of a key or number in a message


class _RefusedError(Exception):
    """Why a text is refused, as the end of a sentence."""


def parse_strict_json(data: bytes, complain: Callable[[str], RobustMatteError]) -> Any:
    """Parse a document that somebody else wrote.

    Keys that stand twice, NaN, infinities, numbers beyond a float's range and lone surrogates are
    refused: other readers would take them for something else, or for no JSON.

    Args:
        data: UTF-8 bytes.
        complain: Builds the error for a reason, such as `it is no UTF-8`.

    Raises:
        RobustMatteError: What `complain` built.

    Example:
        >>> parse_strict_json(b'{"v": 1}', RobustMatteError)
        {'v': 1}
    """
    try:
        document = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except _RefusedError as error:
        raise complain(str(error)) from None
    except UnicodeEncodeError:
        raise complain("a text in it holds half a character") from None
    except UnicodeDecodeError as error:
        raise complain(f"its byte {error.start + 1} is no UTF-8") from None
    except json.JSONDecodeError as error:
        raise complain(f"it is no JSON at character {error.pos + 1}: {error.msg}") from None
    except RecursionError:
        raise complain("it is nested too deeply") from None
    except ValueError:  # Python turns no number of more than 4300 digits into an int
        raise complain("a number in it has too many digits") from None
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _RefusedError(f"the key {twice[:_SHOWN]!r} stands in it twice")
    return found


def _refuse_constant(text: str) -> Never:
    raise _RefusedError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _RefusedError(f"the number {text[:_SHOWN]} is too large")
    return value
