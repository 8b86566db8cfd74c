"""A picture of what a run makes of some clips: source, true alpha, its own alpha, over green."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from robust_matte_rvm.training.run_folder import unwritten
from robust_matte_rvm.training.writing import write_atomically

__all__ = ["Sample", "draw_sheet", "write_sheet"]

_GREEN = (0.0, 0.69, 0.25)
_HEIGHT = 256  # pixels of a row
_GAP = 4
_PAPER = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A frame, its truth, and what the network says.

    Attributes:
        src: (3, H, W), display-encoded R'G'B' in [0, 1], on any device.
        pha: True alpha, (1, H, W), in [0, 1].
        fgr: The network's foreground, (3, h, w), any range and size.
        said: Its alpha, (1, h, w), likewise.
    """

    src: Tensor
    pha: Tensor
    fgr: Tensor
    said: Tensor


def draw_sheet(samples: Sequence[Sample]) -> Tensor:
    """Draw one row for each sample.

    Args:
        samples: At least one.

    Returns:
        (3, H, W), float32, display-encoded R'G'B' in [0, 1], on the CPU.
    """
    rows = [_row(sample) for sample in samples]
    width = max(row.shape[2] for row in rows)
    padded = [functional.pad(row, (0, width - row.shape[2], 0, _GAP), value=_PAPER) for row in rows]
    return torch.cat(padded, 1)[:, :-_GAP]


def write_sheet(file: Path, samples: Sequence[Sample]) -> None:
    """Write a sheet as PNG, whole or not at all; its folder is made if need be.

    Raises:
        RunFolderError: It cannot be written.
    """
    codes = (draw_sheet(samples) * 255).round().to(torch.uint8).permute(1, 2, 0)
    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(codes.numpy())).save(data, "PNG")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, data.getvalue())
    except OSError as error:
        raise unwritten(file, error) from error


def _row(sample: Sample) -> Tensor:
    src, pha, fgr, said = (
        _fit(planes) for planes in (sample.src, sample.pha, sample.fgr, sample.said)
    )
    green = src.new_tensor(_GREEN).view(3, 1, 1)
    over = torch.lerp(green.expand_as(fgr), fgr, said)
    columns = [src, pha.expand_as(src), said.expand_as(src), over]
    return torch.cat([functional.pad(one, (0, _GAP), value=_PAPER) for one in columns], 2)[
        :, :, :-_GAP
    ]


def _fit(planes: Tensor) -> Tensor:
    """Return planes at the height of a row, in [0, 1], on the CPU."""
    height, width = planes.shape[1:]
    size = (_HEIGHT, round(width * _HEIGHT / height))
    fitted = functional.interpolate(
        planes.detach().float().cpu()[None], size, mode="bilinear", antialias=True
    )
    return fitted[0].clamp(0, 1)
