"""Where one shot ends and the next begins: there the network's memory must be dropped.

Frames are compared as 36x64 signatures. Light changes how bright a picture is, and a moving camera
where things sit; neither changes the pattern of light and dark that it is made of.

1. Structure: luma minus its 7x7 mean, over its 7x7 deviation. Exposure, coloured light and a lamp
   in one half of the picture fall away; flat and blown out parts carry no weight.
2. Change: 4x8 blocks, each matched at rest and at the picture's common motion (up to a quarter of
   the picture), ±1 cell; root mean square of 1 - correlation. The square lets a jump cut, a few
   blocks that match nothing, outweigh a strobe's slight misfit everywhere. Unrest: at rest only.
3. The change a cut needs grows with the unrest of the frames beside it (the ends of a whip-pan),
   with changes two frames away (footage on twos) and with how far most of the picture changed its
   brightness or colour (light), up to 0.58: views of one scene stay below. And it must stand out
   from both neighbours' change (a pan too fast to follow).
4. It is none if one of the next two frames looks like the one before it, or if it looks like one of
   the two before that: a flash, or a glitch.
5. Frames that show nothing (black, blown out) are stepped over: the next frame that shows something
   is compared with the last one that did, and is the cut.

Missed: jump cuts that change little of the picture. False at times: a screen in the picture that
switches, pans over 40 % of the width per frame. The constants were chosen on 1432 synthesised
clips; `benchmarks/cuts.py` measures them on others, beside PySceneDetect.
"""

import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from robust_matte.colour.primaries import REC709_LUMA
from robust_matte.media.frames import FloatImage

__all__ = ["CutDetector", "Decision", "Signature", "detect_cuts", "sampled_rows", "signature"]

log = logging.getLogger(__name__)

Signature = NDArray[np.float32]
_Plane = NDArray[np.floating]

_ROWS, _COLUMNS = 36, 64
_SAMPLES = 8  # rows read per row of cells
_EXPOSURE_FLOOR = 0.1  # a brightest luma below this is noise and not a picture
_CB, _CR = 1.8556, 1.5748  # BT.709

_RADIUS, _NOISE = 3, 0.04  # of the local mean; deviation that counts as flat
_CEILING = 0.98  # of the brightest luma; a blown out cell is no evidence
_SHOWS_NOTHING = 0.012  # deviation of the whole picture's luma
_REACH = (_ROWS // 4, _COLUMNS // 4)  # furthest common motion
_FFT_SHAPE = (48, 80)  # at least size + reach
_SHARED = np.outer(  # cells that two pictures share after each motion
    *(n - np.abs(np.arange(-(n // 4), n // 4 + 1)) for n in (_ROWS, _COLUMNS))
)
_BLOCK = (9, 8)
_AROUND = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]

_LEAST, _DIFFERENT = 0.25, 0.58  # jump cuts change by 0.1-0.6, cuts to other scenes 0.55-0.9
_PER_UNREST, _PER_STUTTER, _PER_LIGHT = 0.7, 0.6, 0.2
_STANDS_OUT, _LOOKS_LIKE = 1.8, 0.5


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of one frame.

    Attributes:
        number: Frame number as pushed.
        score: Change, 0 to about 1; 0 for the first frame and for one that shows nothing.
        is_cut: Whether a shot starts here.
    """

    number: int
    score: float
    is_cut: bool


def signature(view: FloatImage) -> Signature:
    """Shrink a view to what the detector compares.

    Args:
        view: Model view, (H, W, 3) float32, display-like R'G'B', [0, 1], finite; any size.

    Returns:
        Y'CbCr area means over the 99th percentile of Y', (36, 64, 3) float32. Of tall views every
        n-th row is read, at least 8 for each row of cells; otherwise the means are exact.
    """
    rgb = _area_means(_area_means(sampled_rows(view), _ROWS, 0), _COLUMNS, 1)
    luma = (rgb * REC709_LUMA).sum(axis=2)
    ycc = np.stack([luma, (rgb[..., 2] - luma) / _CB, (rgb[..., 0] - luma) / _CR], axis=2)
    return np.asarray(ycc / max(np.percentile(luma, 99), _EXPOSURE_FLOOR), np.float32)


def sampled_rows(image: FloatImage) -> FloatImage:
    """Return the rows of an image that `signature` reads, (h, W, 3), as a view of it.

    Sampling before the model view is made gives the same signature for a third of the work at
    1080p; sampled rows are not sampled again.
    """
    step = max(1, len(image) // (_ROWS * _SAMPLES))
    return image[step // 2 :: step]


def _area_means(pixels: FloatImage, count: int, axis: int) -> FloatImage:
    """Return the means of `count` equal slices of an axis, cutting pixels where need be."""
    size = pixels.shape[axis]
    if size < count:
        return _area_means(np.repeat(pixels, -(-count // size), axis), count, axis)
    whole, part = np.divmod(np.arange(count + 1) * size, count)
    share = np.expand_dims(part / np.float32(count), [n for n in range(3) if n != axis])
    cut = np.take(pixels, whole, axis, mode="clip") * share.astype(np.float32)
    sums = np.add.reduceat(pixels, whole[:-1], axis) + np.diff(cut, axis=axis)
    return np.asarray(sums * np.float32(count / size))


class _Look:
    """A signature made ready for comparing."""

    def __init__(self, number: int, ycc: Signature) -> None:
        self.number = number
        self.ycc = ycc
        self.shows = bool(ycc[..., 0].std() >= _SHOWS_NOTHING)
        self.usable = (ycc[..., 0] < _CEILING).astype(np.float32)
        self.structure = _structure(ycc[..., 0]) * self.usable
        self.spectrum = np.fft.rfft2(self.structure, s=_FFT_SHAPE)
        self.change = self.unrest = self.light = 0.0


def _structure(luma: _Plane) -> _Plane:
    mean = _box_mean(luma)
    variance = np.maximum(_box_mean(luma * luma) - mean * mean, 0)
    return np.asarray((luma - mean) / np.sqrt(variance + _NOISE**2), np.float32)


def _box_mean(plane: _Plane) -> _Plane:
    """Return the mean of each cell's neighbourhood, cut off at the borders."""
    sums = np.pad(plane.cumsum(0, dtype=np.float64).cumsum(1), ((1, 0), (1, 0)))
    (top, bottom), (left, right) = (
        np.clip(np.add.outer((-_RADIUS, _RADIUS + 1), np.arange(n)), 0, n) for n in plane.shape
    )
    bands = sums[bottom] - sums[top]
    return np.asarray((bands[:, right] - bands[:, left]) / np.outer(bottom - top, right - left))


def _motion(before: _Look, after: _Look) -> tuple[int, int]:
    """Return the picture's common motion, (down, right) in cells: the best correlation."""
    product = np.fft.irfft2(before.spectrum.conj() * after.spectrum, s=_FFT_SHAPE)
    near = np.roll(product, _REACH, axis=(0, 1))[: 2 * _REACH[0] + 1, : 2 * _REACH[1] + 1]
    down, right = np.unravel_index(np.argmax(near / _SHARED), near.shape)
    return int(down) - _REACH[0], int(right) - _REACH[1]


def _change(before: _Look, after: _Look) -> tuple[float, float]:
    """Return (change, unrest) between two looks, each 0 to about 1."""
    down, right = _motion(before, after)
    shifts = _AROUND + [(down + y, right + x) for y, x in _AROUND]
    moved, usable = _moved(before.structure, shifts), _moved(before.usable, shifts)
    common = _block_sums(moved * after.structure)
    energy = _block_sums(moved**2 * after.usable), _block_sums(after.structure**2 * usable)
    weight = np.sqrt(energy[0] * energy[1])
    return _misfit(common, weight), _misfit(common[: len(_AROUND)], weight[: len(_AROUND)])


def _moved(plane: _Plane, shifts: list[tuple[int, int]]) -> _Plane:
    """Return the plane after each motion, zeros where it came from outside, (N, 36, 64)."""
    down, right = _REACH[0] + 1, _REACH[1] + 1
    padded = np.pad(plane, ((down, down), (right, right)))
    windows = sliding_window_view(padded, plane.shape)
    return np.stack([windows[down - y, right - x] for y, x in shifts])


def _block_sums(planes: _Plane) -> _Plane:
    (high, wide), (rows, columns) = _BLOCK, planes.shape[1:]
    blocks = planes.reshape(-1, rows // high, high, columns // wide, wide)
    return np.asarray(blocks.sum(axis=(2, 4)))


def _misfit(common: _Plane, weight: _Plane) -> float:
    """Return the root mean square of 1 - correlation over the blocks, each at its best shift."""
    best = np.argmax(common / (weight + 0.02 * _BLOCK[0] * _BLOCK[1]), axis=0)[None]
    common, weight = (np.take_along_axis(a, best, 0) for a in (common, weight))
    misfit = np.maximum(1 - common / (weight + 1e-3), 0)
    return float(np.sqrt((weight * misfit**2).sum() / (weight.sum() + 1e-3)))


class CutDetector:
    """Decides which frames start a shot, two frames late; holds eight signatures at most.

    Example:
        >>> detector = CutDetector()
        >>> flat = np.zeros((36, 64, 3), np.float32)
        >>> [detector.push(number, flat) for number in (1001, 1002)]
        [[], []]
        >>> detector.push(1003, flat)
        [Decision(number=1001, score=0.0, is_cut=False)]
        >>> [decision.number for decision in detector.finish()]
        [1002, 1003]
    """

    LOOK_AHEAD: ClassVar[int] = 2

    def __init__(self) -> None:
        self._past: deque[_Look] = deque(maxlen=3)  # frames that showed something
        self._decided: deque[_Look] = deque(maxlen=2)
        self._waiting: deque[_Look] = deque()

    def push(self, number: int, signature: Signature) -> list[Decision]:
        """Take the next frame; return what became final: nothing twice, then a decision each."""
        look = _Look(number, signature)
        seen = [other for other in (*self._past, *self._waiting) if other.shows]
        if look.shows and seen:
            look.change, look.unrest = _change(seen[-1], look)
            look.light = float(np.median(np.abs(look.ycc - seen[-1].ycc).max(axis=2)))
        self._waiting.append(look)
        return [self._decide()] if len(self._waiting) > self.LOOK_AHEAD else []

    def finish(self) -> list[Decision]:
        """Return the decisions of the last frames, in order; the detector is then empty."""
        decisions = [self._decide() for _ in range(len(self._waiting))]
        self._past.clear()
        self._decided.clear()
        return decisions

    def _decide(self) -> Decision:
        look = self._waiting.popleft()
        is_cut = look.change >= self._needed(look) and not self._is_flash(look)
        decision = Decision(look.number, look.change, is_cut)
        log.debug("frame %d: change %.3f%s", look.number, look.change, ", cut" if is_cut else "")
        self._decided.append(look)
        if look.shows:
            self._past.append(look)
        return decision

    def _needed(self, look: _Look) -> float:
        """Return the change that makes this frame a cut, given its neighbours."""
        before, after = list(self._decided)[::-1], list(self._waiting)
        beside = before[:1] + after[:1]
        unrest = max((other.unrest for other in beside), default=0.0)
        stutter = max((other.change for other in before[1:2] + after[1:2]), default=0.0)
        restless = max(_PER_UNREST * unrest, _PER_STUTTER * stutter)
        peak = max((other.change for other in beside), default=0.0)
        return max(min(_LEAST + restless + _PER_LIGHT * look.light, _DIFFERENT), _STANDS_OUT * peak)

    def _is_flash(self, look: _Look) -> bool:
        """Whether the picture returns within two frames, or this frame is such a return."""
        *earlier, last = self._past
        pairs = [(last, other) for other in self._waiting if other.shows]
        pairs += [(other, look) for other in earlier]
        return any(_change(*pair)[0] < _LOOKS_LIKE * look.change for pair in pairs)


def detect_cuts(signatures: Iterable[tuple[int, Signature]]) -> list[Decision]:
    """Return one decision per frame, for frame numbers and signatures in timeline order."""
    detector = CutDetector()
    decisions = [done for number, seen in signatures for done in detector.push(number, seen)]
    return decisions + detector.finish()
