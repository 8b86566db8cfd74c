"""Where one shot ends and the next begins, so that the network's memory is dropped there.

Frames are compared as 36x64 signatures. A light switch, a flash or a strobe changes how bright a
picture is, and a pan or a shake where things sit; neither changes *what light and dark pattern the
picture is made of*, and only that counts here:

1. `structure`: signature minus its 7x7 mean, over its 7x7 deviation. Exposure, coloured light and
   a lamp in one half of the picture fall away; flat parts become 0 and carry no weight.
2. `change(a, b)`: each of 4x8 blocks is matched at rest and at the picture's common motion (up to a
   quarter of the picture), each ±1 cell; the root mean square of 1 - correlation over the blocks.
   The square makes a jump cut, a few blocks that match nothing, count for more than a strobe's
   slight misfit everywhere. `unrest` is the same at rest only.
3. A frame is a cut if its change passes a threshold that rises with the unrest of the frames beside
   it (first and last frame of a whip-pan), with changes two frames away (footage animated on twos)
   and with how much most of the picture changed in brightness (what light can explain), up to
   `DIFFERENT`, which two views of one scene do not reach; and if it stands out from both
   neighbours' change (a pan too fast to follow).
4. It is none if one of the next two frames looks like the one before it, or it looks like one of
   the two before that: a flash of one or two frames, or a glitch.
5. Frames that show nothing (black, blown out) are no evidence: they are stepped over, and the next
   frame that shows something is compared with the last that did.

Source:
    Own design, constants chosen on 599 synthesised and photographed clips and half of one real
    clip, measured on others; `benchmarks/cuts.py` gives the table against PySceneDetect. Local
    normalisation is that of local zero-mean normalised correlation, J. P. Lewis 1995.
"""

import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robust_matte.media.frames import FloatImage

__all__ = ["CutDetector", "Decision", "Signature", "detect_cuts", "signature"]

log = logging.getLogger(__name__)

Signature = NDArray[np.float32]

ROWS, COLUMNS = 36, 64
SAMPLES = 8  # per cell and axis: more than that change a signature by less than 0.01
EXPOSURE_FLOOR = 0.1  # a brightest luma below this is noise and not a picture
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
CB, CR = 1.8556, 1.5748  # BT.709

RADIUS = 3
NOISE = 0.04  # deviation that counts as flat, of the brightest luma
SHOWS_NOTHING = 0.03  # deviation of the whole picture's luma
REACH = (ROWS // 4, COLUMNS // 4)  # furthest common motion
FFT_SHAPE = (48, 80)  # at least size + reach
SHARED = np.outer(  # cells that two pictures share after each motion
    *(n - np.abs(np.arange(-reach, reach + 1)) for n, reach in zip((ROWS, COLUMNS), REACH, strict=True))
)
BLOCK = (9, 8)
AROUND = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]

LEAST = 0.25  # change of a cut in a still scene: jump cuts give 0.27-0.6, other scenes 0.55-0.9
DIFFERENT = 0.62
PER_UNREST, PER_STUTTER, PER_LIGHT = 0.7, 0.6, 0.4
STANDS_OUT = 1.6
LOOKS_LIKE = 0.5


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of one frame.

    Attributes:
        number: Frame number as pushed.
        score: Change against the last frame that showed something, 0 (same) to about 1; 0 for the
            first frame and for one that shows nothing.
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
        Y'CbCr area means over the 99th percentile of Y', (36, 64, 3) float32. Large views are
        sampled first, at least 8x8 samples a cell.
    """
    steps = [max(1, n // (m * SAMPLES)) for n, m in zip(view.shape, (ROWS, COLUMNS), strict=False)]
    sampled = view[steps[0] // 2 :: steps[0], steps[1] // 2 :: steps[1]]
    rgb = _area_means(_area_means(sampled, ROWS).swapaxes(0, 1), COLUMNS).swapaxes(0, 1)
    luma = rgb @ LUMA
    ycc = np.stack([luma, (rgb[..., 2] - luma) / CB, (rgb[..., 0] - luma) / CR], axis=-1)
    return (ycc / max(np.percentile(luma, 99), EXPOSURE_FLOOR)).astype(np.float32)


def _area_means(pixels: FloatImage, count: int) -> NDArray[np.float64]:
    """Return the exact means of `count` equal slices along the first axis."""
    size = pixels.shape[0]
    sums = np.zeros((size + 1, *pixels.shape[1:]))
    np.cumsum(pixels, axis=0, out=sums[1:])
    edges = np.arange(count + 1) * (size / count)
    whole = np.minimum(edges.astype(np.intp), size - 1)
    part = (edges - whole).reshape(-1, *[1] * (pixels.ndim - 1))
    return np.diff(sums[whole] + part * pixels[whole], axis=0) * (count / size)


class _Look:
    """A signature made ready for comparing."""

    def __init__(self, number: int, ycc: Signature) -> None:
        self.number = number
        self.ycc = ycc
        self.shows = bool(ycc[..., 0].std() >= SHOWS_NOTHING)
        self.structure = _structure(ycc[..., 0])
        self.spectrum = np.fft.rfft2(self.structure, s=FFT_SHAPE)
        self.change = self.unrest = self.light = 0.0


def _structure(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = _box_mean(luma)
    variance = np.maximum(_box_mean(luma * luma) - mean * mean, 0)
    return ((luma - mean) / np.sqrt(variance + NOISE**2)).astype(np.float32)


def _box_mean(plane: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean of each cell's neighbourhood, cut off at the borders."""
    sums = np.pad(plane.cumsum(0, dtype=np.float64).cumsum(1), ((1, 0), (1, 0)))
    rows, columns = (np.arange(n) for n in plane.shape)
    top, bottom = np.maximum(rows - RADIUS, 0), np.minimum(rows + RADIUS + 1, ROWS)
    left, right = np.maximum(columns - RADIUS, 0), np.minimum(columns + RADIUS + 1, COLUMNS)
    bands = sums[bottom] - sums[top]
    return (bands[:, right] - bands[:, left]) / np.outer(bottom - top, right - left)


def _motion(before: _Look, after: _Look) -> tuple[int, int]:
    """Return the picture's common motion, (down, right) in cells: the best correlation."""
    product = np.fft.irfft2(before.spectrum.conj() * after.spectrum, s=FFT_SHAPE)
    near = np.roll(product, REACH, axis=(0, 1))[: 2 * REACH[0] + 1, : 2 * REACH[1] + 1]
    down, right = np.unravel_index(np.argmax(near / SHARED), near.shape)
    return int(down) - REACH[0], int(right) - REACH[1]


def _change(before: _Look, after: _Look) -> tuple[float, float]:
    """Return (change, unrest) between two looks, each 0 to about 1."""
    down, right = _motion(before, after)
    shifts = AROUND + [(down + y, right + x) for y, x in AROUND]
    margin = (REACH[0] + 1, REACH[1] + 1)
    padded = np.pad(before.structure, [(m, m) for m in margin])
    inside = np.pad(np.ones_like(before.structure), [(m, m) for m in margin])
    windows = [np.s_[margin[0] - y :, margin[1] - x :][:2] for y, x in shifts]
    moved = np.stack([padded[w][:ROWS, :COLUMNS] for w in windows])
    kept = np.stack([inside[w][:ROWS, :COLUMNS] for w in windows])
    common = _block_sums(moved * after.structure)
    weight = np.sqrt(
        _block_sums(moved * moved) * _block_sums(kept * after.structure * after.structure)
    )
    return _misfit(common, weight), _misfit(common[: len(AROUND)], weight[: len(AROUND)])


def _block_sums(planes: Signature) -> Signature:
    high, wide = BLOCK
    blocks = planes.reshape(-1, ROWS // high, high, COLUMNS // wide, wide)
    return blocks.sum(axis=(2, 4))


def _misfit(common: Signature, weight: Signature) -> float:
    """Return the root mean square of 1 - correlation over the blocks, each at its best shift."""
    best = np.argmax(common / (weight + 0.02 * BLOCK[0] * BLOCK[1]), axis=0)[None]
    common, weight = (np.take_along_axis(a, best, 0) for a in (common, weight))
    misfit = np.maximum(1 - common / (weight + 1e-3), 0)
    return float(np.sqrt((weight * misfit**2).sum() / (weight.sum() + 1e-3)))


class CutDetector:
    """Decides which frames start a shot; frames come in timeline order, decisions 2 frames later.

    It holds at most eight small frames, however long the clip is.

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
        """Take the next frame.

        Args:
            number: Frame number; only handed back.
            signature: What `signature` made of the frame, (36, 64, 3) float32.

        Returns:
            The decisions that became final: none for the first two frames, then one each.
        """
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
        is_cut = look.change >= max(LEAST, self._needed(look)) and not self._is_flash(look)
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
        restless = max(PER_UNREST * unrest, PER_STUTTER * stutter)
        peak = max((other.change for other in beside), default=0.0)
        return max(
            min(LEAST + restless + PER_LIGHT * look.light, DIFFERENT), STANDS_OUT * peak
        )

    def _is_flash(self, look: _Look) -> bool:
        """Whether the picture returns within two frames, or this frame is such a return."""
        *earlier, last = self._past
        pairs = [(last, other) for other in self._waiting if other.shows]
        pairs += [(other, look) for other in earlier]
        return any(_change(*pair)[0] < LOOKS_LIKE * look.change for pair in pairs)


def detect_cuts(signatures: Iterable[tuple[int, Signature]]) -> list[Decision]:
    """Decide over a whole clip.

    Args:
        signatures: Frame numbers and what `signature` made of the frames, in timeline order.

    Returns:
        One decision per frame, in the same order.
    """
    detector = CutDetector()
    decisions = [done for number, seen in signatures for done in detector.push(number, seen)]
    return decisions + detector.finish()
