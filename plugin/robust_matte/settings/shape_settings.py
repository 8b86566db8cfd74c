"""The settings of shaping finished files again."""

from pathlib import Path

from pydantic import Field, field_validator

from robust_matte.settings.shaping_settings import ShapingSettings

__all__ = ["ShapeSettings"]


class ShapeSettings(ShapingSettings):
    """What `robust-matte shape` is told.

    Attributes:
        result: Finished EXR files: a folder, or a pattern such as `sh010_matte.####.exr`.
        output: A folder, or a pattern; None is the result itself.
        garbage: The garbage that the result was keyed with, where that is needed again.
        invert_garbage: As it was keyed with.
        core: The core that the result was keyed with, where that is needed again.
        overwrite: Replace the result itself, or other files that are in the way.
    """

    result: str = Field(min_length=1)
    output: str | None = Field(None, min_length=1)
    garbage: str | None = Field(None, min_length=1)
    invert_garbage: bool = False
    core: str | None = Field(None, min_length=1)
    overwrite: bool = False

    @field_validator("result", "output", "garbage", "core", mode="before")
    @classmethod
    def _place_is_text(cls, place: object) -> object:
        return str(place) if isinstance(place, Path) else place
