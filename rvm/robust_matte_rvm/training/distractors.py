"""Things that are not people: shapes of other textures that lie before or behind the subject.

In a composite the only thing with an edge of its own is the person, and a network that has seen
too few pictures learns that whatever is gaudy and has an edge is a person: flags, posters, cars.
Shapes that are cut out and moved alike, but count as background, take that away.
"""

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from robust_matte_rvm.training.clips import Clip
from robust_matte_rvm.training.motion import Framing, draw_path, move
from robust_matte_rvm.training.photometry import draw_look

__all__ = ["strew"]

_FRAMING = Framing(closest=0.6, widest=1.4)
_STRIPED, _IN_FRONT = 0.35, 0.25  # chances
_COARSE = 2  # pixels of the texture to one of a shape: shapes cost as much as all else otherwise
_MOST = 3  # shapes in a clip
_SMALLEST, _LARGEST = 0.12, 0.6  # half-axes, as shares of half the picture's height
_EDGE = 40.0  # steepness: some pixels from 0 to 1
_LOOK_STRENGTH = 2.5

_Plane = NDArray[np.float32]


def strew(rng: Generator, clip: Clip, texture: Tensor) -> Clip:
    """Lay shapes over a clip, before its subject or behind it.

    Args:
        rng: Where all randomness comes from.
        clip: (T, C, H, W), in [0, 1].
        texture: What the shapes show, (3, h, w), in [0, 1]; there must be no people in it.

    Returns:
        The clip with other sources, and an alpha that is lower where a shape lies before the
        subject.
    """
    size = (clip.src.shape[2], clip.src.shape[3])
    texture = texture[:, ::_COARSE, ::_COARSE]
    for _ in range(int(rng.integers(1, _MOST + 1))):
        shape = torch.cat([_colour(rng, texture), _draw_cover(rng, texture)])
        shot = move(shape, draw_path(rng, len(clip.src), _FRAMING), size)
        clip = _cover(clip, shot[:, :3], shot[:, 3:], in_front=rng.random() < _IN_FRONT)
    return clip


def _cover(clip: Clip, colour: Tensor, cover: Tensor, *, in_front: bool) -> Clip:
    """Return the clip with a shape: colour (T, 3, H, W), cover (T, 1, H, W)."""
    if in_front:
        src = torch.lerp(clip.src, colour, cover)
        return Clip(src=src, fgr=clip.fgr, pha=clip.pha * (1 - cover))
    src = torch.lerp(clip.src, torch.lerp(colour, clip.fgr, clip.pha), cover)
    return Clip(src=src, fgr=clip.fgr, pha=clip.pha)


def _colour(rng: Generator, texture: Tensor) -> Tensor:
    """Return (3, h, w): the texture in other colours, or stripes."""
    planes = _stripes(rng, texture) if rng.random() < _STRIPED else texture
    planes = planes[torch.from_numpy(rng.permutation(3))]
    return draw_look(rng, _LOOK_STRENGTH).apply(planes[None])[0]


def _stripes(rng: Generator, texture: Tensor) -> Tensor:
    """Return bands of two colours, shaded as the texture is."""
    x, y = _coordinates(texture, rng.uniform(0, np.pi))
    bend = 0.3 * np.sin(rng.uniform(1, 4) * y + rng.uniform(0, 6))
    wave = np.sin(rng.uniform(4, 30) * (x + bend)) * 8
    band = torch.from_numpy(np.clip(0.5 + wave, 0, 1))[None]
    one, other = torch.from_numpy(rng.random((2, 3, 1, 1), dtype=np.float32))
    shade = texture.mean(0, keepdim=True)
    return (torch.lerp(one, other, band) * (0.5 + shade)).clamp(0, 1)


def _draw_cover(rng: Generator, texture: Tensor) -> Tensor:
    """Return a shape somewhere in the picture, (1, h, w): between box, ellipse and blob."""
    x, y = _coordinates(texture, rng.uniform(0, np.pi))
    centre = rng.uniform(-0.8, 0.8, 2)
    x, y = x - np.float32(centre[0]), y - np.float32(centre[1])
    axes = np.exp(rng.uniform(np.log(_SMALLEST), np.log(_LARGEST), 2))
    power = rng.uniform(1.5, 8)
    angle = np.arctan2(y / axes[1], x / axes[0])
    reach = np.ones_like(x)
    for count in range(2, 5):
        reach += rng.uniform(-0.15, 0.15) * np.cos(count * angle + rng.uniform(0, 6))
    far = (np.abs(x / axes[0]) ** power + np.abs(y / axes[1]) ** power) ** (1 / power) / reach
    cover = np.clip(0.5 + (1 - far) * _EDGE * axes.min(), 0, 1)
    return torch.from_numpy(cover.astype(np.float32))[None]


def _coordinates(texture: Tensor, turn: float) -> tuple[_Plane, _Plane]:
    """Return x and y of each pixel, turned; 1 is half the picture's height."""
    height, width = texture.shape[1:]
    rows = (np.arange(height, dtype=np.float32) - height / 2) / (height / 2)
    columns = (np.arange(width, dtype=np.float32) - width / 2) / (height / 2)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    x, y = columns[None], rows[:, None]
    return x * cos - y * sin, x * sin + y * cos
