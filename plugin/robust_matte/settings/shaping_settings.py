"""The settings of shaping, which keying and `robust-matte shape` share."""

from typing import Self

from pydantic import model_validator

from robust_matte.settings.checked import CheckedSettings
from robust_matte.settings.shaping import Shaping

__all__ = ["ShapingSettings"]


class ShapingSettings(CheckedSettings):
    """Settings that say how the alpha is shaped.

    Attributes:
        matte_black: Alpha that becomes 0.
        matte_white: Alpha that becomes 1.
        matte_gamma: Above 1 the alpha between gets more, below 1 less.
        matte_grow: Pixels by which the matte grows, or shrinks where negative.
        matte_soften: Pixels by which edges get softer.
    """

    matte_black: float = 0.0
    matte_white: float = 1.0
    matte_gamma: float = 1.0
    matte_grow: float = 0.0
    matte_soften: float = 0.0

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
