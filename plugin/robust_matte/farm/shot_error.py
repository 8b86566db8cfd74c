"""Errors of one shot among several."""

from robust_matte.errors import RobustMatteError

__all__ = ["of_shot"]


def of_shot(fault: RobustMatteError, shot: str, *, hint: str = "") -> RobustMatteError:
    """Return the same error with the shot's name before its sentence, and maybe another way out."""
    what = f"{shot}: {fault.what}"
    return type(fault)(what, hint=hint or fault.hint, frame=fault.frame, path=fault.path)
