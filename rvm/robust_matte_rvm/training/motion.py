"""Where the camera looks over time: random affine paths, with pauses and reversals.

A path says which part of a picture fills each frame of a clip. Two paths over one clip (one of the
cut-out, one of the background) move independently.

Source:
    Lin et al. 2022, arXiv 2108.11515, section 4.1 and its supplement: affine motion, pauses, and
    clips played backwards.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

__all__ = ["BACKDROP", "Framing", "draw_frame_numbers", "draw_path", "move"]

_TURN = 0.12  # radians either way, at the start
_PAUSE_CHANCE = 0.2
_SHIFT_SPEED, _ZOOM_SPEED, _TURN_SPEED = 0.03, 0.02, 0.012  # a frame, at most
_REST_CHANCE = 0.15  # of clips that do not move at all
_SPEEDS = (0.5, 1.0, 1.0, 2.0, 3.0)  # footage: half as fast up to three frames at once


@dataclass(frozen=True, slots=True)
class Framing:
    """How much of a picture a frame may show.

    Attributes:
        closest: Least share of the largest fitting window's side; 0.5 shows half of it.
        widest: Greatest share; above 1 the picture is mirrored at its borders.
    """

    closest: float = 0.5
    widest: float = 1.1


BACKDROP = Framing(closest=0.3, widest=1.0)  # no person is in it who would be cut off


def draw_path(rng: Generator, frames: int, framing: Framing) -> NDArray[np.float32]:
    """Draw a camera path.

    Args:
        rng: Where the randomness comes from.
        frames: T, at least 1.
        framing: How close the camera may come.

    Returns:
        (T, 5): share of the window, turn in radians, mirrored (-1) or not (1), and the window's
        centre as shares of the room that is left, x and y, -1 to 1.
    """
    low, high = np.log(framing.closest), np.log(framing.widest)
    start = np.array([rng.uniform(low, high), rng.uniform(-_TURN, _TURN), *rng.uniform(-1, 1, 2)])
    limits = np.array([_ZOOM_SPEED, _TURN_SPEED, _SHIFT_SPEED * 3, _SHIFT_SPEED * 3])
    speed = rng.uniform(-1, 1, 4) * limits * (rng.random() > _REST_CHANCE)
    sway = rng.uniform(-1, 1, 4) * limits * (rng.random() > 0.5)
    times = _draw_times(rng, frames)[:, None]
    moves = start + speed * times + sway * np.sin(times * rng.uniform(0.3, 1.2))
    mirrored = np.full(frames, -1.0 if rng.random() < 0.5 else 1.0)
    shares = np.exp(np.clip(moves[:, 0], low - 0.1, high + 0.1))
    columns = (shares, moves[:, 1], mirrored, moves[:, 2].clip(-1, 1), moves[:, 3].clip(-1, 1))
    return np.stack(columns, 1).astype(np.float32)


def draw_frame_numbers(rng: Generator, frames: int, length: int) -> NDArray[np.int64]:
    """Choose frames of footage: a run at some speed, backwards or with a pause.

    Args:
        rng: Where the randomness comes from.
        frames: T, at least 1.
        length: How many frames the footage has; a longer run turns at its ends.

    Returns:
        (T,), each from 0 to `length` - 1.
    """
    times = _draw_times(rng, frames) * rng.choice(_SPEEDS)
    room = length - int(times.max())
    numbers = rng.integers(max(room, 1)) + times.astype(np.int64)
    there_and_back = max(2 * (length - 1), 1)
    numbers %= there_and_back
    turned: NDArray[np.int64] = np.minimum(numbers, there_and_back - numbers)
    return turned if length > 1 else numbers


def move(picture: Tensor, path: NDArray[np.float32], size: tuple[int, int]) -> Tensor:
    """Film a picture along a path.

    Args:
        picture: (C, H, W), float32, any range; or one for each frame, (T, C, H, W).
        path: (T, 5) from `draw_path`.
        size: Height and width of the frames.

    Returns:
        (T, C, height, width), sampled bilinearly; mirrored beyond the picture's borders.
    """
    frames = len(path)
    grid = functional.affine_grid(
        torch.from_numpy(_matrices(path, picture.shape[-2:], size)),
        [frames, 1, *size],
        align_corners=False,
    )
    many = picture.expand(frames, *picture.shape[-3:])
    return functional.grid_sample(many, grid, padding_mode="reflection", align_corners=False)


def _draw_times(rng: Generator, frames: int) -> NDArray[np.float64]:
    """Return when each frame is taken: it may pause for a while or run backwards."""
    steps = np.ones(frames)
    steps[0] = 0
    if frames > 2 and rng.random() < _PAUSE_CHANCE:
        pause = rng.integers(1, frames)
        steps[pause : pause + rng.integers(1, frames)] = 0
    times = np.cumsum(steps)
    return times[::-1] if rng.random() < 0.5 else times


def _matrices(
    path: NDArray[np.float32], picture: tuple[int, ...], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Return (T, 2, 3): from frame to picture coordinates, each -1 to 1 from border to border."""
    (high, wide), (height, width) = picture, size
    share, turn, mirror, x, y = path.T
    scale = share * min(wide / width, high / height)  # picture pixels to a frame pixel
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    room_x = np.maximum(0, 1 - scale * width / wide)
    room_y = np.maximum(0, 1 - scale * height / high)
    first = np.stack([mirror * cos * width / wide, -sin * height / wide, x * room_x], 1)
    second = np.stack([mirror * sin * width / high, cos * height / high, y * room_y], 1)
    return np.stack([first, second], 1).astype(np.float32)
