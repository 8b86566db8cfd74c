"""Things that are not people, strewn over clips."""

import numpy as np
import pytest
import torch

from robust_matte_rvm.training.clips import Clip
from robust_matte_rvm.training.distractors import strew
from robust_matte_rvm.training.motion import Framing
from robust_matte_rvm.training.photographs import Photographs

SIZE = (48, 64)
SEEDS = range(24)


def flat_clip() -> Clip:
    """Two frames: a subject of 0.2 in the left half, half covering in one column, 0.8 behind."""
    fgr = torch.full((2, 3, *SIZE), 0.2)
    pha = torch.zeros(2, 1, *SIZE)
    pha[..., :32] = 1
    pha[..., 32] = 0.5
    src = fgr * pha + 0.8 * (1 - pha)
    return Clip(src=src, fgr=fgr, pha=pha)


def texture() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(3).random((3, 96, 128), dtype=np.float32))


def strewn(seed: int) -> Clip:
    return strew(np.random.default_rng(seed), flat_clip(), texture())


def test_alpha_is_lower_only_where_the_source_has_changed() -> None:
    before = flat_clip()
    lowered = hidden_behind = 0
    for seed in SEEDS:
        after = strewn(seed)
        assert (after.pha <= before.pha).all()
        assert 0 <= after.src.min() <= after.src.max() <= 1
        covered = (before.pha - after.pha)[:, 0] > 0.5
        changed = (after.src - before.src).abs().amax(1) > 0.02
        lowered += int(covered.sum())
        hidden_behind += int((changed & (before.pha[:, 0] == 0)).sum())
        assert changed[covered].float().mean() > 0.9 if covered.any() else True
    assert lowered > 500
    assert hidden_behind > 5000


def test_a_shape_behind_the_subject_leaves_it_as_it_was() -> None:
    before = flat_clip()
    for seed in SEEDS:
        after = strewn(seed)
        untouched = (after.pha == before.pha) & (before.pha == 1)
        kept = (after.src - before.src).abs().amax(1, keepdim=True)[untouched]
        assert kept.max() < 1e-6


def test_the_composite_holds_where_the_subject_is_half_there() -> None:
    column = flat_clip().pha[0, 0, 0] == 0.5
    for seed in SEEDS:
        after = strewn(seed)
        whole = (after.pha[:, :, :, column] == 0.5).expand(-1, 3, -1, -1)
        backs = (after.src[..., column] - 0.5 * 0.2) / 0.5
        assert -1e-5 <= backs[whole].min() <= backs[whole].max() <= 1 + 1e-5


def test_the_same_randomness_gives_the_same_bytes() -> None:
    for one, other in zip(strewn(4), strewn(4), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("share", [pytest.param(0.0, id="none"), pytest.param(1.0, id="all")])
def test_photographs_strew_the_share_that_is_asked_for(share: float) -> None:
    stills = [torch.rand(10, 60, 80, generator=torch.Generator().manual_seed(1))]
    plain = Photographs(stills, Framing())
    asked = Photographs(stills, Framing(), share)
    differ = 0
    for seed in range(8):
        one = plain.draw(np.random.default_rng(seed), 1, SIZE)
        other = asked.draw(np.random.default_rng(seed), 1, SIZE)
        differ += not torch.equal(one.src, other.src)
    assert differ == (8 if share else 0)
