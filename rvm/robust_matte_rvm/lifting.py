"""From a local linear model at the low-res size to the full-size matte.

The model's eight planes say, for foreground residual and alpha, `plane = a * guide + b`, where the
guide of a foreground channel is that channel of the plate and the guide of alpha is their mean.

Source:
    He & Sun 2015, "Fast Guided Filter", arXiv 1505.00996, section 2.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from robust_matte_rvm.crew import share
from robust_matte_rvm.layout import join_channels

__all__ = ["GUIDES", "lift", "lift_unbounded", "see_guide"]

GUIDES = 4
_COLOURS = 3
_STRIP_BYTES = 1 << 21  # of enlarged model; 1 to 4 MiB are equal


def see_guide(src: Tensor) -> Tensor:
    """Return R', G', B' and their mean, (B, 4, H, W), of a view, (B, 3, H, W)."""
    return join_channels(src, src.mean(1, keepdim=True))


def lift(model: Tensor, src: Tensor) -> tuple[Tensor, Tensor]:
    """Enlarge a local linear model bilinearly and apply it to the full view.

    On a CPU, where nothing is trained, strips of rows small enough for the cache, shared among
    threads, take the place of passes over planes of the plate's size: same values within float
    rounding, a third of the time.

    Args:
        model: a, (B, 4, h, w), then b, likewise; concatenated to (B, 8, h, w).
        src: The full view, (B, 3, H, W), display-encoded R'G'B' in [0, 1], channels first or last.

    Returns:
        Foreground, (B, 3, H, W), straight, in the view's encoding, and alpha, (B, 1, H, W), both in
        [0, 1].
    """
    if torch.is_grad_enabled() or src.device.type != "cpu":
        fgr, pha = lift_unbounded(model, src)
        return fgr.clamp(0, 1), pha.clamp(0, 1)
    fgr = torch.empty_like(src, memory_format=torch.contiguous_format)
    pha = torch.empty_like(src[:, :1], memory_format=torch.contiguous_format)
    for one in range(len(src)):
        _lift_strips(model[one], src[one], fgr[one], pha[one, 0])
    return fgr, pha


def lift_unbounded(model: Tensor, src: Tensor) -> tuple[Tensor, Tensor]:
    """Do as `lift` does, but leave values beyond [0, 1]: a bound has no gradient to train with.

    Args:
        model: See `lift`.
        src: See `lift`.

    Returns:
        Foreground, (B, 3, H, W), and alpha, (B, 1, H, W).
    """
    size = (src.shape[2], src.shape[3])
    model = functional.interpolate(model, size, mode="bilinear", align_corners=False)
    planes = model[:, :GUIDES] * see_guide(src) + model[:, GUIDES:]
    return planes[:, :_COLOURS] + src, planes[:, _COLOURS:]


def _lift_strips(model: Tensor, src: Tensor, fgr: Tensor, pha: Tensor) -> None:
    """Fill `fgr`, (3, H, W), and `pha`, (H, W)."""
    height, width = pha.shape
    low = model.shape[1]
    mixing = _row_weights(low, height, model)
    rows = _widen(model, width)
    step = max(1, _STRIP_BYTES // (2 * GUIDES * width * model.element_size()))

    def fill(tops: Iterator[int]) -> None:
        enlarged = rows.new_empty((step, rows.shape[1]))
        guides = rows.new_empty((GUIDES, step, width))
        for top in tops:
            strip = slice(top, min(top + step, height))
            count = strip.stop - top
            feeding = _feeding_rows(strip, low, height)
            torch.mm(mixing[strip, feeding], rows[feeding], out=enlarged[:count])
            planes = enlarged[:count].view(count, 2, GUIDES, width)
            _apply(planes, src[:, strip], guides[:, :count], (fgr[:, strip], pha[strip]))

    share(fill, range(0, height, step))


def _apply(planes: Tensor, src: Tensor, guide: Tensor, out: tuple[Tensor, Tensor]) -> None:
    """Apply the enlarged model of some rows, (rows, 2, 4, W), to the view of them, (3, rows, W).

    Args:
        planes: a and b.
        src: The view.
        guide: Room for the guides and what becomes of them, (4, rows, W).
        out: Where foreground, (3, rows, W), and alpha, (rows, W), go.
    """
    fgr, pha = out
    a, b = planes.permute(1, 2, 0, 3)
    guide[:_COLOURS] = src
    torch.sum(guide[:_COLOURS], 0, out=guide[_COLOURS])
    torch.addcmul(b, a, guide, out=guide)
    torch.clamp(guide[:_COLOURS], 0, 1, out=fgr)
    torch.clamp(guide[_COLOURS], 0, 1, out=pha)


def _row_weights(low: int, height: int, like: Tensor) -> Tensor:
    """Return what each low-res row gives to each full row, (H, h): two entries a row."""
    unit = torch.eye(low, dtype=like.dtype, device=like.device)[None, None]
    size = (height, low)
    return functional.interpolate(unit, size, mode="bilinear", align_corners=False)[0, 0]


def _widen(model: Tensor, width: int) -> Tensor:
    """Return the model enlarged to the full width, row by row, (h, 8 * W).

    The residual becomes the foreground itself, `a * src + b + src = (a + 1) * src + b`, and alpha's
    guide the sum of the colours instead of their mean.
    """
    rows = model.transpose(0, 1).clone(memory_format=torch.contiguous_format)
    rows[:, :_COLOURS] += 1
    rows[:, _COLOURS] /= _COLOURS
    wide = functional.interpolate(rows, width, mode="linear", align_corners=False)
    return wide.view(len(rows), -1)


def _feeding_rows(strip: slice, low: int, height: int) -> slice:
    """Return the low-res rows that full rows are made of, with one to spare at either end."""
    scale = low / height
    first = int((strip.start + 0.5) * scale - 0.5) - 1
    last = int((strip.stop - 0.5) * scale - 0.5) + 2
    return slice(max(first, 0), min(last + 1, low))
