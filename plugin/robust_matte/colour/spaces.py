"""The colour spaces a plate can be in, by the names of the built-in studio config."""

from enum import StrEnum

__all__ = ["PlateSpace"]


class PlateSpace(StrEnum):
    """How a plate's pixels are encoded. All share Rec.709 primaries.

    Values are names that the OpenColorIO studio config resolves.
    """

    LINEAR_REC709 = "lin_rec709_scene"
    SRGB = "srgb_rec709_scene"
    GAMMA24_REC709 = "g24_rec709_tx"

    @property
    def is_scene_referred(self) -> bool:
        """Whether values are light of any range, rather than the code values of a picture."""
        return self is PlateSpace.LINEAR_REC709

    @property
    def title(self) -> str:
        """The name an artist knows."""
        return {
            PlateSpace.LINEAR_REC709: "scene-linear Rec.709",
            PlateSpace.SRGB: "sRGB",
            PlateSpace.GAMMA24_REC709: "Rec.709 gamma 2.4 (Rec.1886)",
        }[self]
