"""What cut decisions do not depend on."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from robust_matte.keying.cuts import detect_cuts, signature

Image = NDArray[np.float32]
shots = st.lists(st.tuples(st.integers(0, 10**6), st.integers(4, 7)), min_size=1, max_size=3)


def scene(seed: int) -> Image:
    """Return linear light below 0.8: blocks of three sizes, (36, 64, 3)."""
    rng = np.random.default_rng(seed)
    light = np.zeros((36, 64, 3), np.float32)
    for size in (12, 4, 2):
        tall, wide = 36 // size, 64 // size
        patch = rng.random((tall, wide, 1), dtype=np.float32) + 0.2 * rng.random((tall, wide, 3))
        light[:, : wide * size] += np.kron(patch, np.ones((size, size, 1)))
    return light / 4.5


def encode(light: Image) -> Image:
    """Return sRGB code values."""
    curve = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, 12.92 * light, curve).astype(np.float32)


def clip(parts: list[tuple[int, int]]) -> list[Image]:
    return [scene(seed) for seed, length in parts for _ in range(length)]


def found(frames: list[Image], first: int = 0, step: int = 1) -> list[int]:
    numbered = ((first + step * k, signature(encode(f))) for k, f in enumerate(frames))
    return [d.number for d in detect_cuts(numbered) if d.is_cut]


@given(parts=shots)
def test_shots_of_different_scenes_are_cut_where_they_meet(parts: list[tuple[int, int]]) -> None:
    starts = np.cumsum([length for _, length in parts])[:-1].tolist()
    seeds = [seed for seed, _ in parts]
    wanted = [at for at, a, b in zip(starts, seeds, seeds[1:], strict=False) if a != b]
    assert found(clip(parts)) == wanted


@given(parts=shots, stops=st.floats(-2, 0.3))
def test_exposure_of_the_whole_clip_does_not_matter(
    parts: list[tuple[int, int]], stops: float
) -> None:
    frames = clip(parts)
    assert found([frame * np.float32(2**stops) for frame in frames]) == found(frames)


@given(seed=st.integers(0, 10**6), length=st.integers(1, 12), stops=st.floats(-5, 5))
def test_static_clip_has_no_cut(seed: int, length: int, stops: float) -> None:
    frame = np.clip(scene(seed) * np.float32(2**stops), 0, 1)
    assert found([frame] * length) == []


@given(parts=shots, first=st.integers(-1000, 10**6), step=st.integers(1, 4))
def test_frame_numbers_are_only_handed_back(
    parts: list[tuple[int, int]], first: int, step: int
) -> None:
    frames = clip(parts)
    assert found(frames, first, step) == [first + step * k for k in found(frames)]


@given(seed=st.integers(0, 10**6), gains=st.lists(st.floats(0.1, 1.2), min_size=1, max_size=12))
def test_light_of_any_course_is_no_cut(seed: int, gains: list[float]) -> None:
    assert found([scene(seed) * np.float32(gain) for gain in gains]) == []
