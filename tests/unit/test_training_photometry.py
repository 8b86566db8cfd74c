"""Looks, blur and grain, checked on pixels."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator

from robust_matte_rvm.training.clips import Clip
from robust_matte_rvm.training.photometry import (
    Look,
    add_grain,
    draw_look,
    finish,
    recolour,
    soften,
)

SEEDS = range(60)


def plain(value: float, frames: int = 2) -> torch.Tensor:
    return torch.full((frames, 3, 8, 8), value)


@pytest.fixture
def planes(rng: Generator) -> torch.Tensor:
    return torch.from_numpy(rng.random((3, 3, 16, 12), np.float32))


def test_a_look_without_strength_changes_nothing(planes: torch.Tensor) -> None:
    for seed in SEEDS:
        look = draw_look(np.random.default_rng(seed), 0)
        torch.testing.assert_close(look.apply(planes), planes, atol=1e-6, rtol=0)


def test_a_look_is_gamma_then_gain_then_lift() -> None:
    look = Look(gamma=2, gain=(1, 0.5, 4), lift=0.1, saturation=1)
    wanted = torch.tensor([0.25 + 0.1, 0.125 + 0.1, 1.0])
    torch.testing.assert_close(look.apply(plain(0.5))[1, :, 3, 4], wanted)


def test_without_saturation_all_channels_are_luma() -> None:
    look = Look(gamma=1, gain=(1, 1, 1), lift=0, saturation=0)
    colour = torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1)
    torch.testing.assert_close(
        look.apply(colour).flatten(), torch.full((3,), 0.2126 + 0.5 * 0.7152)
    )


@given(seed=st.integers(0, 2**32 - 1), strength=st.floats(0, 2))
def test_looks_stay_within_range(seed: int, strength: float) -> None:
    ramp = torch.linspace(0, 1, 30).view(1, 3, 2, 5)
    seen = draw_look(np.random.default_rng(seed), strength).apply(ramp)
    assert torch.isfinite(seen).all()
    assert seen.min() >= 0
    assert seen.max() <= 1


def test_source_and_foreground_get_one_look_and_alpha_none(planes: torch.Tensor) -> None:
    pha = planes[:, :1]
    clip = recolour(np.random.default_rng(1), Clip(src=planes, fgr=planes.clone(), pha=pha))
    assert torch.equal(clip.src, clip.fgr)
    assert not torch.allclose(clip.src, planes, atol=0.01)
    assert clip.pha is pha


def test_some_clips_are_blurred_and_keep_their_light(planes: torch.Tensor) -> None:
    blurred = 0
    for seed in SEEDS:
        seen = soften(np.random.default_rng(seed), planes)
        blurred += not torch.equal(seen, planes)
        assert seen.shape == planes.shape
        assert seen.var() <= planes.var() * (1 + 1e-6)
        flat = soften(np.random.default_rng(seed), plain(0.3))
        torch.testing.assert_close(flat, plain(0.3))
    assert len(SEEDS) // 10 < blurred < len(SEEDS) // 2


def test_some_clips_have_grain_that_is_new_in_every_frame() -> None:
    grained = [seen for seed in SEEDS if not torch.equal(seen := grain(seed), plain(0.5, 40))]
    assert len(SEEDS) // 4 < len(grained) < len(SEEDS) * 3 // 4
    for seen in grained:
        assert not torch.equal(seen[0], seen[1])
        assert abs(float(seen.mean()) - 0.5) < 0.005
        assert float(seen.std()) <= 0.051
        assert seen.min() >= 0
        assert seen.max() <= 1


def grain(seed: int) -> torch.Tensor:
    return add_grain(np.random.default_rng(seed), plain(0.5, 40))


def test_grain_is_on_what_the_camera_saw_alone() -> None:
    for seed in SEEDS:
        clip = finish(
            np.random.default_rng(seed),
            Clip(src=plain(0.5), fgr=plain(0.5), pha=torch.full((2, 1, 8, 8), 0.75)),
        )
        assert float(clip.fgr[:, 0].std()) < 1e-6
        torch.testing.assert_close(clip.pha, torch.full((2, 1, 8, 8), 0.75))


def test_the_same_randomness_finishes_alike(planes: torch.Tensor) -> None:
    clip = Clip(src=planes, fgr=planes, pha=planes[:, :1])
    one, other = (finish(np.random.default_rng(3), clip) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    another = finish(np.random.default_rng(4), clip)
    assert not torch.equal(one.src, another.src)
