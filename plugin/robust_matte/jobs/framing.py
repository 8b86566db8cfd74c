"""What of a plate the network sees, and in which shape: region and square pixels."""

from dataclasses import dataclass

from robust_matte.errors import SettingsError
from robust_matte.media.windows import Size, Window
from robust_matte.settings.low_res import Downsample
from robust_matte.settings.region import LEAST_SIDE, Region

__all__ = ["Windows", "settle_region", "sound_aspect", "view_size"]

_ASPECTS = 0.1, 10.0  # what is beyond is no lens but a mistake in a header


@dataclass(frozen=True, slots=True)
class Windows:
    """What all frames of a plate share.

    Attributes:
        display: The picture's frame.
        area: What is written at most: display window and data windows; see `survey_windows`.
        region: The part of it that is keyed, if it is not all.
        pixel_aspect: Width of a pixel over its height.
    """

    display: Window
    area: Window
    region: Window | None = None
    pixel_aspect: float = 1.0

    @property
    def keyed(self) -> Window:
        """What the network works on."""
        return self.region or self.area


def settle_region(text: str | None, area: Window) -> Window | None:
    """Return the region that a setting names, within what is keyed without it.

    Args:
        text: `X,Y,W,H`, or None.
        area: The work area.

    Raises:
        SettingsError: It reaches beyond the work area.
    """
    if text is None:
        return None
    asked = Region.parse(text)
    region = Window(asked.x, asked.y, asked.width, asked.height)
    shared = region.intersected(area)
    if shared == region:
        return region
    where = f"columns {area.x} to {area.right - 1} and rows {area.y} to {area.bottom - 1}"
    if shared.is_empty:
        what = f"The region {asked} lies outside of the picture, which has {where}."
    else:
        what = f"The region {asked} reaches out of the picture, which has {where}."
    if min(shared.width, shared.height) < LEAST_SIDE:
        hint = "Write X,Y,W,H in the plate's own pixels; robust-matte info shows its windows."
    else:
        inside = Region(shared.x, shared.y, shared.width, shared.height)
        hint = f"Write --roi {inside} for the part that lies inside."
    raise SettingsError(what, hint=hint)


def view_size(keyed: Size, pixel_aspect: float, asked: Downsample, usual_side: int) -> Size:
    """Return the size of the network's view, whose pixels are square.

    Args:
        keyed: What the network works on, in the plate's pixels.
        pixel_aspect: Width of a plate's pixel over its height.
        asked: What the settings say of the size.
        usual_side: Longest side of the view that the network was made for.
    """
    width, height = asked.size(
        keyed.width, keyed.height, usual_side=usual_side, pixel_aspect=sound_aspect(pixel_aspect)
    )
    return Size(width, height)


def sound_aspect(pixel_aspect: float) -> float:
    """Return a pixel aspect to draw and key with; 1 for one that no lens has."""
    least, most = _ASPECTS
    return pixel_aspect if least <= pixel_aspect <= most else 1.0
