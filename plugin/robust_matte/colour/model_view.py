"""What the network sees of a plate, and the ways from there and from the plate to light."""

from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from robust_matte.colour.configs import ColourConfig, builtin_config
from robust_matte.colour.spaces import ColourSpace, Kind, describe
from robust_matte.colour.transforms import FloatImage, can_convert, convert, transform
from robust_matte.errors import SettingsError
from robust_matte.settings.choices import PlateSpace

__all__ = ["ModelView"]

_LINEAR, _SRGB = PlateSpace.LINEAR_REC709, PlateSpace.SRGB
_BRIGHTEST = np.float32(65504.0)  # what light is bounded to where a matrix or gain comes after
_CODES = np.float32(-0.5), np.float32(1.5)  # and codes of light: their curves explode beyond
_ROUND_TRIP = 2e-3  # of a code; the fast curves are within 1.1e-4


@dataclass(frozen=True, slots=True)
class ModelView:
    """The model view V of a plate space: display-like R'G'B' in [0, 1], primaries Rec.709's.

    A display-referred plate is seen as its own code values, without any transfer; those with other
    primaries as the codes that the same curve gives to the same colour in Rec.709's. All others are
    seen as sRGB of their light clipped to [0, 1], HDR displays' with 203 cd/m2 as white.

    Attributes:
        space: How the plate is encoded: a name of the config, or one of `PlateSpace`.
        gain: Stops by which V is brighter than the plate: its light is multiplied by 2^gain before
            it is clipped and encoded. `working` knows nothing of it, and `light` undoes it.
        config: Whose name `space` is.
        output: The scene-linear space of the result; None is the working space.
    """

    space: str
    gain: float = 0.0
    config: ColourConfig = field(default_factory=builtin_config)
    output: str | None = None

    @property
    def described(self) -> ColourSpace:
        """What is known of the plate space."""
        return describe(self.config, self.space)

    def brightened(self, stops: float) -> "ModelView":
        """Return the view with another gain."""
        return replace(self, gain=stops)

    @property
    def encoding(self) -> PlateSpace:
        """The display encoding of what is shown of the plate and of its result."""
        plain = PlateSpace.named(self.space)
        return _SRGB if plain is None or plain is _LINEAR else plain

    @property
    def is_invertible(self) -> bool:
        """Whether `light` leads back to the working space; where not, V stands for no light."""
        return PlateSpace.named(self.space) is not None or _leads_back(self.space, self.config)

    @property
    def white(self) -> float:
        """The working space's value that V shows as 1."""
        return float(self.described.white * 2.0**-self.gain)

    def working(self, pixels: FloatImage) -> FloatImage:
        """Return P: the plate as scene-linear light in the plate's primaries.

        Args:
            pixels: Plate space, (H, W, 3) float32, any range.

        Returns:
            (H, W, 3) float32, any range; `pixels` itself where the plate is linear already.
        """
        plain = PlateSpace.named(self.space)
        if plain is not None:
            return transform(pixels, plain, _LINEAR)
        space = self.described
        is_slow = space.kind is Kind.HDR  # the fast curves are within 4e-6 there
        return convert(pixels, self.config, space.name, space.working, exact=not is_slow)

    def view(self, pixels: FloatImage) -> FloatImage:
        """Return V: what the network sees.

        NaN becomes 0 and infinities the bound: one bad pixel would otherwise poison the recurrent
        state for the rest of the segment.

        Args:
            pixels: Plate space, (H, W, 3) float32, any range.

        Returns:
            (H, W, 3) float32, [0, 1], a new array.
        """
        plain = PlateSpace.named(self.space)
        if plain is None:
            return self._general_view(pixels)
        bounded = np.fmax(pixels, np.float32(0.0))  # of a number and NaN, fmax takes the number
        source = plain
        if self.gain:  # what is above white may come below it
            np.minimum(bounded, _BRIGHTEST, out=bounded)
            source = _LINEAR
            bounded = transform(bounded, plain, source, exact=False) * _factor(self.gain)
        np.minimum(bounded, np.float32(1.0), out=bounded)
        view = transform(bounded, source, self.encoding, exact=False)
        return np.minimum(view, np.float32(1.0), out=view)  # the fast power ends 7e-6 above 1

    def light(self, view: FloatImage) -> FloatImage:
        """Return L(V): the light that a model-view colour stands for.

        Args:
            view: (H, W, 3) float32, [0, 1].

        Returns:
            (H, W, 3) float32, scene-linear, in the plate's primaries; of those of Rec.709 within
            [0, 2^-gain].
        """
        plain = PlateSpace.named(self.space)
        if plain is not None:
            light = transform(view, self.encoding, _LINEAR)
            return light * _factor(-self.gain) if self.gain else light
        space = self.described
        if _shows_codes(self.config, space.name):
            light = convert(view, self.config, space.name, space.working)
        else:
            light = transform(view, _SRGB, _LINEAR)
        if self.white != 1.0:
            light = light * np.float32(self.white)
        return convert(light, self.config, _LINEAR, space.working)

    def in_rec709(self, light: FloatImage) -> FloatImage:
        """Return light of the working space in V's primaries; itself where these are the same."""
        return convert(light, self.config, self.described.working, _LINEAR.value)

    def exposed(self, pixels: FloatImage) -> FloatImage:
        """Return a plate's pixels as the light that V clips and encodes, were there no gain."""
        light = self.in_rec709(self.working(pixels))
        white = self.described.white
        return light if white == 1.0 else light / np.float32(white)

    def delivered(self, light: FloatImage) -> FloatImage:
        """Return light of the working space as that of the output space.

        Args:
            light: (H, W, 3) float32, scene-linear, any range; from infinite light comes NaN where
                the spaces differ.

        Returns:
            (H, W, 3) float32, scene-linear; `light` itself where the spaces are the same.
        """
        if self.output is None:
            return light
        return convert(light, self.config, self.described.working, self.output)

    def shown(self, light: FloatImage) -> FloatImage:
        """Return light of the output space as scene-linear Rec.709, in which results are shown.

        The white of an HDR display, 203 cd/m2, is shown as the white of others.
        """
        space = self.described
        shown = convert(light, self.config, self.output or space.working, _LINEAR.value)
        return shown if space.white == 1.0 else shown / np.float32(space.white)

    def _general_view(self, pixels: FloatImage) -> FloatImage:
        space, finite = self.described, _finite(pixels, self.described.kind)
        shows_codes = _shows_codes(self.config, space.name)
        if shows_codes and not self.gain and space.working == _LINEAR:
            return np.clip(finite, np.float32(0.0), np.float32(1.0))
        light = convert(finite, self.config, space.name, _LINEAR.value, exact=False)
        if self.white != 1.0:
            light = light / np.float32(self.white)
        view = np.fmax(light, np.float32(0.0))  # a curve may have made NaN of extreme codes
        np.minimum(view, np.float32(1.0), out=view)
        if shows_codes:
            view = convert(view, self.config, space.working, space.name, exact=False)
        else:
            view = transform(view, _LINEAR, _SRGB, exact=False)
        np.fmax(view, np.float32(0.0), out=view)
        return np.minimum(view, np.float32(1.0), out=view)


def _factor(stops: float) -> np.float32:
    return np.float32(2.0**stops)


@cache
def _shows_codes(config: ColourConfig, name: str) -> bool:
    """Say whether V is encoded by the plate's own curve; that works both ways, or not at all.

    Light in Rec.709's primaries goes through the curve as the plate's would: it is one curve, and
    alike for all channels.
    """
    space = describe(config, name)
    is_display = space.kind is Kind.SDR and space.is_exact
    return is_display and can_convert(config, space.working, space.name)


def _finite(pixels: FloatImage, kind: Kind) -> FloatImage:
    """Replace what is no number, and bound what is beyond all light or codes."""
    is_tame = kind in (Kind.LINEAR, Kind.SDR)
    least, most = (-_BRIGHTEST, _BRIGHTEST) if is_tame else _CODES
    if pixels.min() >= least and pixels.max() <= most:  # NaN is neither
        return pixels
    finite: FloatImage = np.nan_to_num(pixels, nan=0.0)
    return np.clip(finite, least, most, out=finite)


@cache
def _leads_back(name: str, config: ColourConfig) -> bool:
    """Say whether light that V can hold comes back from it."""
    seen = ModelView(name, config=config)
    levels = np.linspace(0.1, 0.9, 5, dtype=np.float32)
    codes = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    space = describe(config, name)
    try:
        light = seen.light(np.ascontiguousarray(codes))
        back = convert(light, config, space.working, _LINEAR.value) / np.float32(space.white)
    except SettingsError:
        return False
    again = (
        convert(back, config, space.working, name)
        if _shows_codes(config, space.name)
        else transform(back, _LINEAR, _SRGB)
    )
    return bool(np.isfinite(again).all() and np.abs(again - codes).max() < _ROUND_TRIP)
