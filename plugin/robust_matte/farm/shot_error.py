"""Errors of one shot among several."""

from robust_matte.errors import RobustMatteError

__all__ = ["of_shot"]


def of_shot(fault: RobustMatteError, shot: str) -> RobustMatteError:
    """Return the same error with the shot's name before its sentence."""
    what = f"{shot}: {fault.what}"
    return type(fault)(what, hint=fault.hint, frame=fault.frame, path=fault.path)
