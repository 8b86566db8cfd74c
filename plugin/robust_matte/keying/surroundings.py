"""The colours around an edge: of the foreground and the background that mix there."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robust_matte.keying.grids import box_means, fill_holes, read_between, sum_cells
from robust_matte.media.frames import FloatImage

__all__ = ["TRACE", "Surroundings", "look_around", "smoothstep"]

TRACE: Final = (0.01, 0.03)  # alpha up to which, and from which, a pixel says what covers it

_CELLS = 240  # of the longest side; at 1080p a cell is 8 pixels wide, and one of them is looked at
_NEAR, _AROUND, _FAR = 3, 4, 8  # radii in cells
_CORE, _CLEAR = (0.90, 0.98), (0.0, 0.04)  # alpha of what shows foreground or background alone
_BRIGHTEST = 2.0  # times what the view holds; a lamp shall not colour all of its surroundings
_DARK = 0.02  # of what the view holds; colours are compared relative to their light above it

# Chosen on composites of known foregrounds, as benchmarks/edges.py makes them: there the true alpha
# and foreground explain the plate to within 0.1 nearly everywhere, the network's own to between 0.5
# and 10, and the colours nearby to within 0.02 to 0.3.
_UNEXPLAINED = (0.5, 1.0)
_DISTINCT = (1.0, 3.0)
_MISFIT = (0.15, 0.5)
_ROOM = 0.7  # standard deviations that one pixel may differ from the colours around it
# Darker channels keep at least this part of what the brightest keeps of its light; of 0.5 to 1
# it is the most that made no composite worse.
_HUE = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What lies around N pixels of an edge; colours are scene-linear, (N, 3) float32.

    Attributes:
        cells: Size of the grid they were found on, rows and columns.
        step: Size of a cell in pixels.
        pixels: Rows and columns of the pixels.
        light: The plate's light, [0, twice what the view holds].
        alpha: (N, 1).
        fore: The foreground's colour nearby.
        back: The background's.
        spread: Standard deviation of the foreground's colour nearby.
        unrest: Standard deviation of the background's.
        distinct: Whether the two differ by more than either varies, (N, 1), [0, 1].
        ceiling: The most light that the view holds.
    """

    cells: tuple[int, int]
    step: int
    pixels: tuple[NDArray[np.intp], NDArray[np.intp]]
    light: FloatImage
    alpha: FloatImage
    fore: FloatImage
    back: FloatImage
    spread: FloatImage
    unrest: FloatImage
    distinct: FloatImage
    ceiling: float

    def unmixed(self) -> FloatImage:
        """Return the foreground of which, with the background nearby, the plate is made, (N, 3).

        It stays near the foreground's colours nearby: an alpha that is a little wrong would
        otherwise put background into it, or its opposite. Nor does it lose its hue where it gets
        darker: what is taken off dark brown would else leave red.

        Source:
            Forte 2021, "Approximate Fast Foreground Colour Estimation".
        """
        room = _ROOM * self.spread
        rest = self.alpha * self._rest(self.fore)
        found = np.maximum(self.fore + np.clip(rest, -room, room), 0.0)
        brightest = (found / np.maximum(self.fore, np.float32(1e-6))).max(axis=1, keepdims=True)
        return np.asarray(np.maximum(found, _HUE * np.minimum(brightest, 1.0) * self.fore))

    def doubt(self, model: FloatImage) -> FloatImage:
        """Say how far the plate speaks against a foreground, and for the colours nearby.

        It is 0, exactly, where foreground and alpha explain the plate, where the colours nearby do
        not either, where those are too much alike to tell, and where alpha is a mere trace: there
        the colours nearby are not those of what is seen.

        Args:
            model: The foreground in question, (N, 3), scene-linear.

        Returns:
            (N, 1) float32, [0, 1].
        """
        apart = self.back - self.fore
        mixed = self.alpha * (1.0 - self.alpha)
        scale = (_DARK * self.ceiling + self.fore + self.back) ** -2
        # `mixed * apart` is what `_rest` would be of a model that hands on the plate's colour
        parts = (self._rest(model), mixed * apart, self._rest(self.fore), apart)
        energies = np.stack([np.einsum("ij,ij,ij->i", one, one, scale) for one in parts], axis=1)
        unrest = (1.0 - self.alpha) * self.unrest
        energies[:, 0] -= np.einsum("ij,ij,ij->i", unrest, unrest, scale)  # no model's fault
        sums = sum_cells(energies, self.pixels, self.step, self.cells)
        near, far = box_means(sums[..., :2], _AROUND), box_means(sums[..., 2:], _FAR)
        unexplained = smoothstep(near[..., :1] / (near[..., 1:] + 1e-9), *_UNEXPLAINED)
        misfit = smoothstep(far[..., :1] / (far[..., 1:] + 1e-9), *_MISFIT)
        found = read_between(unexplained * (1.0 - misfit), self.pixels, self.step)
        return np.asarray(found * self.distinct * smoothstep(self.alpha, *TRACE))

    def _rest(self, fore: FloatImage) -> FloatImage:
        """Return the light that a foreground and the background nearby do not explain."""
        return np.asarray(self.light - self.alpha * fore - (1.0 - self.alpha) * self.back)


def look_around(
    plate: FloatImage,
    alpha: FloatImage,
    pixels: tuple[NDArray[np.intp], NDArray[np.intp]],
    ceiling: float,
) -> Surroundings | None:
    """Find the colours around pixels of an edge.

    Args:
        plate: P, (H, W, 3) float32, scene-linear, any range; NaN counts as black.
        alpha: (H, W) float32, [0, 1].
        pixels: Rows and columns.
        ceiling: The most light that the view holds.

    Returns:
        None where the picture shows no foreground or no background alone.
    """
    step = max(1, round(max(alpha.shape) / _CELLS))
    light, cover = (one[step // 2 :: step, step // 2 :: step] for one in (plate, alpha[..., None]))
    light = _bounded(light, ceiling)
    core = smoothstep(cover, *_CORE)
    clear = 1.0 - smoothstep(cover, *_CLEAR)
    if not core.any() or not clear.any():
        return None
    back = fill_holes(light, clear)
    fore = _guess(light, cover, fill_holes(light, core), back, ceiling)
    found = read_between(_neighbourhoods(fore, back, cover, ceiling), pixels, step)
    return Surroundings(
        cells=light.shape[:2],
        step=step,
        pixels=pixels,
        light=_bounded(plate[pixels], ceiling),
        alpha=alpha[pixels][:, None],
        fore=found[:, :3],
        back=found[:, 3:6],
        spread=found[:, 6:9],
        unrest=found[:, 9:12],
        distinct=found[:, 12:],
        ceiling=ceiling,
    )


def smoothstep(x: FloatImage, low: float, high: float) -> FloatImage:
    """Return 0 up to `low`, 1 from `high`, and a smooth way between."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def _bounded(light: FloatImage, ceiling: float) -> FloatImage:
    """Return light between black and somewhat more than the network sees; a new array.

    One pixel of infinite light changes no other, then, than one that is only white.
    """
    bounded = np.fmax(light, np.float32(0.0))
    return np.minimum(bounded, np.float32(_BRIGHTEST * ceiling), out=bounded)


def _guess(
    light: FloatImage, alpha: FloatImage, core: FloatImage, back: FloatImage, ceiling: float
) -> FloatImage:
    """Return a first guess at the foreground: what the plate leaves for it."""
    rest = np.minimum(light, ceiling) - alpha * core - (1.0 - alpha) * np.minimum(back, ceiling)
    return np.asarray(np.clip(core + alpha * rest, 0.0, ceiling))


def _neighbourhoods(
    fore: FloatImage, back: FloatImage, alpha: FloatImage, ceiling: float
) -> FloatImage:
    """Return fore, back, spread, unrest and distinct of each cell's neighbourhood, side by side."""
    free = 1.0 - alpha
    parts = (fore * alpha, fore * fore * alpha, back * free, back * back * free, alpha)
    means = box_means(np.concatenate(parts, axis=2), _NEAR)
    covered, uncovered = means[..., 12:] + 1e-6, 1.000001 - means[..., 12:]
    fore, back = means[..., :3] / covered, means[..., 6:9] / uncovered
    spread = np.maximum(means[..., 3:6] / covered - fore * fore, 0.0)
    unrest = np.maximum(means[..., 9:12] / uncovered - back * back, 0.0)
    scale = (_DARK * ceiling + fore + back) ** -2
    apart = np.einsum("ijk,ijk,ijk->ij", back - fore, back - fore, scale)
    noise = np.einsum("ijk,ijk->ij", spread + unrest, scale)
    distinct = smoothstep(apart / (noise + 1e-6), *_DISTINCT)
    return np.concatenate(
        [fore, back, np.sqrt(spread), np.sqrt(unrest), distinct[..., None]], axis=2
    )
