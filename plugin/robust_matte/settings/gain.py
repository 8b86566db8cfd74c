"""How much brighter the network sees a plate than it is."""

import math

from robust_matte.errors import SettingsError

__all__ = ["AUTO_GAIN", "parse_gain"]

AUTO_GAIN = "auto"
_MOST_STOPS = 20.0


def parse_gain(text: str) -> float | None:
    """Read a gain as typed: stops, or None for `auto`, where it is found for each segment.

    Raises:
        SettingsError: It is no number of stops, or out of range.

    Example:
        >>> parse_gain("-1.5")
        -1.5
    """
    if text.strip().lower() == AUTO_GAIN:
        return None
    try:
        stops = float(text)
    except ValueError:
        stops = math.nan
    if not abs(stops) <= _MOST_STOPS:  # NaN is not either
        raise SettingsError(
            f'The gain "{text}" cannot be used.',
            hint=f"Write auto, or stops from -{_MOST_STOPS:g} to {_MOST_STOPS:g} such as 3 or "
            "-1.5.",
        )
    return stops
