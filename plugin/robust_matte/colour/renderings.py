"""From light to the codes of a movie, by a transform that has a name."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import PyOpenColorIO as ocio

from robust_matte.colour.configs import ColourConfig, find_space
from robust_matte.colour.spaces import Kind, describe
from robust_matte.colour.transforms import FloatImage, apply_processor, convert, transform
from robust_matte.errors import SettingsError
from robust_matte.settings.assemble_settings import AUTO_VIEW
from robust_matte.settings.choices import PlateSpace

__all__ = ["DisplayTags", "Rendering", "open_rendering"]

_LINEAR = PlateSpace.LINEAR_REC709.value
_PLAIN: Final = frozenset(space.value for space in PlateSpace)
_VIDEO = PlateSpace.GAMMA24_REC709.value
_INTERCHANGE: Final = (
    "aces_interchange"  # the role that every config has which knows views of light
)
_SHOWN: Final = frozenset({Kind.SDR, Kind.HDR})
# Where one view is on several displays: the first whose name has these words.
_PREFERRED: Final = (("1886", "709"), ("709",))
# H.273's codes of what `g24_rec709_display` and its like are called after.
_TRANSFERS: Final = {"g24": 1, "g22": 4, "srgb": 13, "pq": 16, "hlg": 18, "lin": 8}
_PRIMARIES: Final = {"rec709": 1, "rec2020": 9, "p3d65": 12}
_UNSTATED: Final = 2


@dataclass(frozen=True, slots=True)
class DisplayTags:
    """How a display is told in a movie, in codes of H.273; 2 where there is none."""

    transfer: int
    primaries: int

    @property
    def is_wide(self) -> bool:
        """Whether the primaries are Rec.2020's, whose movies have a matrix of their own."""
        return self.primaries == _PRIMARIES["rec2020"]

    @property
    def is_stated(self) -> bool:
        """Whether both are known."""
        return _UNSTATED not in (self.transfer, self.primaries)


@dataclass(frozen=True, slots=True)
class Rendering:
    """How light becomes the codes of a display.

    Attributes:
        config: Whose names these are.
        source: The scene-linear space of the light.
        display: A display of the config, or None where `target` is a colour space.
        target: The display's view, or a colour space.
        bounds: Whether codes are held between black and white; where they are the plate's own, what
            it has beyond them comes back.
        tags: What the codes are said to be.
    """

    config: ColourConfig
    source: str
    display: str | None
    target: str
    bounds: bool
    tags: DisplayTags

    @property
    def spoken(self) -> str:
        """The transform's name."""
        if self.display is not None:
            return f"{self.display}/{self.target}"
        return describe(self.config, self.target).spoken

    def codes(self, light: FloatImage) -> FloatImage:
        """Return light as R'G'B'.

        Args:
            light: (H, W, 3) float32, in `source`, any range; NaN becomes black.

        Returns:
            (H, W, 3) float32, finite, a new array.
        """
        finite = np.nan_to_num(light, nan=0.0, posinf=65504.0, neginf=-65504.0)
        if self.bounds:
            np.maximum(finite, np.float32(0.0), out=finite)
        shown = self._shown(finite)
        np.nan_to_num(shown, copy=False, nan=0.0, posinf=1.0, neginf=0.0)
        return np.clip(shown, 0.0, 1.0, out=shown) if self.bounds else shown

    def _shown(self, light: FloatImage) -> FloatImage:
        if self.display is not None:
            light = convert(light, self.config, self.source, _INTERCHANGE)
            return apply_processor(_view(self.config, self.display, self.target), light)
        if self.target in _PLAIN:  # as plates are read: codes below black are mirrored
            light = convert(light, self.config, self.source, _LINEAR)
            return transform(light, PlateSpace.LINEAR_REC709, PlateSpace(self.target))
        return convert(light, self.config, self.source, self.target)


def open_rendering(asked: str, config: ColourConfig, source: str, plate: str | None) -> Rendering:
    """Find the transform that a user named.

    Args:
        asked: `auto`: the plate's own encoding where it was made for a display, else gamma 2.4 with
            Rec.709's primaries. Or a view of the config, `DISPLAY/VIEW`, or a display's space.
        config: Whose names these are.
        source: The scene-linear space of the light.
        plate: How the plate was encoded, or None where that is not known.

    Raises:
        SettingsError: There is no such transform, or no way to it from the light.
    """
    if asked == AUTO_VIEW:
        is_shown = plate is not None and describe(config, plate).kind in _SHOWN
        target = plate if plate is not None and is_shown else _VIDEO
        found = _of_space(config, source, target, bounds=not is_shown)
    else:
        found = _of_view(config, source, asked) or _of_known_space(config, source, asked)
    found.codes(np.full((1, 1, 3), 0.18, np.float32))  # a missing lookup file is told at once
    return found


def _of_view(config: ColourConfig, source: str, asked: str) -> Rendering | None:
    loaded = config.loaded
    views = {display: list(loaded.getViews(display)) for display in loaded.getDisplays()}
    for display, names in views.items():
        if asked.startswith(f"{display}/") and asked.removeprefix(f"{display}/") in names:
            view = asked.removeprefix(f"{display}/")
            return Rendering(
                config, source, display, view, True, _display_tags(config, display, view)
            )
    having = [display for display, names in views.items() if asked in names]
    if not having:
        return None
    display = _preferred(having, loaded.getDefaultDisplay())
    return Rendering(config, source, display, asked, True, _display_tags(config, display, asked))


def _preferred(displays: list[str], default: str) -> str:
    for words in _PREFERRED:
        for display in displays:
            if all(word in display for word in words):
                return display
    return default if default in displays else displays[0]


def _of_known_space(config: ColourConfig, source: str, asked: str) -> Rendering:
    loaded = config.loaded
    try:
        space = describe(config, asked)
    except SettingsError as error:
        display = _preferred(list(loaded.getDisplays()), loaded.getDefaultDisplay())
        views = ", ".join(f'"{view}"' for view in loaded.getViews(display))
        raise SettingsError(
            f'There is no view transform or colour space "{asked}".',
            hint=f"Write one of {views}; or DISPLAY/VIEW, or a display's space such as {_VIDEO}.",
        ) from error
    if space.kind not in _SHOWN:
        raise SettingsError(
            f'"{asked}" is {space.kind}, and a movie is made for a display.',
            hint=f"Name a view transform, or a display's space such as {_VIDEO}.",
        )
    return _of_space(config, source, asked, bounds=True)


def _of_space(config: ColourConfig, source: str, target: str, *, bounds: bool) -> Rendering:
    is_plain = target in _PLAIN
    home, name = (config, target) if is_plain else find_space(config, target)
    space = None if is_plain else home.loaded.getColorSpace(name)
    interop_id = "" if space is None else space.getInteropID()
    return Rendering(config, source, None, target, bounds, _tags(interop_id or target))


def _display_tags(config: ColourConfig, display: str, view: str) -> DisplayTags:
    name = config.loaded.getDisplayViewColorSpaceName(display, view)
    space = config.loaded.getColorSpace(display if name == "<USE_DISPLAY_NAME>" else name)
    names = () if space is None else (space.getInteropID(), *space.getAliases())
    told = [_tags(one) for one in names if one]
    return next((one for one in told if one.is_stated), DisplayTags(_UNSTATED, _UNSTATED))


def _tags(name: str) -> DisplayTags:
    """Read a name such as `pq_rec2020_display` or `ocio:g24_rec709_scene`."""
    parts = [*name.rpartition(":")[2].split("_"), ""]
    transfer = _TRANSFERS.get(parts[0], _UNSTATED)
    return DisplayTags(transfer, _PRIMARIES.get(parts[1], _UNSTATED))


@cache
def _view(config: ColourConfig, display: str, view: str) -> ocio.CPUProcessor:
    steps = ocio.DisplayViewTransform(src=_INTERCHANGE, display=display, view=view)
    try:
        processor = config.loaded.getProcessor(steps)
    except ocio.Exception as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise SettingsError(
            f'The view "{display}/{view}" of {config.name} cannot be used: {reason}.',
            hint="Choose another view, or a config with the role aces_interchange.",
        ) from error
    return processor.getOptimizedCPUProcessor(ocio.OPTIMIZATION_LOSSLESS)
