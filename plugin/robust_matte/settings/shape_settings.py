"""The settings of shaping finished files again."""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from robust_matte.settings.complaints import refused
from robust_matte.settings.shaping import Shaping

__all__ = ["ShapeSettings"]


class ShapeSettings(BaseModel):
    """What `robust-matte shape` is told.

    Attributes:
        result: Finished EXR files: a folder, or a pattern such as `sh010_matte.####.exr`.
        output: A folder, or a pattern; None is the result itself.
        garbage: The garbage that the result was keyed with, where that is needed again.
        invert_garbage: As it was keyed with.
        core: The core that the result was keyed with, where that is needed again.
        matte_black: Alpha that becomes 0.
        matte_white: Alpha that becomes 1.
        matte_gamma: Above 1 the alpha between gets more, below 1 less.
        matte_grow: Pixels by which the matte grows, or shrinks where negative.
        matte_soften: Pixels by which edges get softer.
        overwrite: Replace the result itself, or other files that are in the way.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    result: str = Field(min_length=1)
    output: str | None = Field(None, min_length=1)
    garbage: str | None = Field(None, min_length=1)
    invert_garbage: bool = False
    core: str | None = Field(None, min_length=1)
    matte_black: float = 0.0
    matte_white: float = 1.0
    matte_gamma: float = 1.0
    matte_grow: float = 0.0
    matte_soften: float = 0.0
    overwrite: bool = False

    def __init__(self, **values: Any) -> None:
        """Check what a user wrote.

        Raises:
            SettingsError: A value is out of range, or a name unknown.
        """
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise refused(error) from None  # pydantic's words are in it already

    @field_validator("result", "output", "garbage", "core", mode="before")
    @classmethod
    def _place_is_text(cls, place: object) -> object:
        return str(place) if isinstance(place, Path) else place

    @property
    def shaping(self) -> Shaping:
        """What is done to the alpha."""
        return Shaping(
            black=self.matte_black,
            white=self.matte_white,
            gamma=self.matte_gamma,
            grow=self.matte_grow,
            soften=self.matte_soften,
        )

    @model_validator(mode="after")
    def _shaping_is_sound(self) -> Self:
        _ = self.shaping
        return self
