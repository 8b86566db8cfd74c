"""Lifting a low-res matte: strips against whole planes and against arithmetic by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from robust_matte_rvm.lifting import lift, lift_unbounded

_sizes = st.integers(1, 70)


def _random(*shape: int, seed: int = 3) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _both(model: Tensor, src: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return the result in strips, and that of whole planes, which gradients ask for."""
    with torch.inference_mode():
        strips = lift(model, src)
    with torch.enable_grad():
        whole = lift(model, src)
    return strips, whole


@settings(max_examples=60, deadline=None)
@given(low=st.tuples(_sizes, _sizes), full=st.tuples(_sizes, _sizes), batch=st.integers(1, 2))
def test_strips_equal_whole_planes_at_any_size(
    low: tuple[int, int], full: tuple[int, int], batch: int
) -> None:
    model, src = _random(batch, 8, *low) * 4 - 2, _random(batch, 3, *full)
    strips, whole = _both(model, src)
    for got, wanted in zip(strips, whole, strict=True):
        assert got.shape == wanted.shape
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-12)


def test_a_plate_of_many_strips_equals_whole_planes() -> None:
    # 4 MiB hold 25 rows of 2560 doubles: 6 strips, the last of 15 rows.
    model, src = _random(1, 8, 37, 51) * 2 - 1, _random(1, 3, 140, 2560)
    strips, whole = _both(model, src)
    for got, wanted in zip(strips, whole, strict=True):
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
@torch.inference_mode()
def test_views_of_either_memory_format_are_lifted_alike(order: torch.memory_format) -> None:
    src, model = _random(1, 3, 20, 30), _random(1, 8, 5, 6)
    wanted = lift(model, src)
    ordered = src.contiguous(memory_format=order)
    got = lift(model.contiguous(memory_format=order), ordered)
    assert all(map(torch.equal, got, wanted))
    assert torch.equal(ordered, src)  # the view itself is left alone


@torch.inference_mode()
def test_each_plane_is_its_own_line_over_its_own_guide() -> None:
    a, b = [0.5, -0.5, 0.25, 2.0], [0.1, 0.2, -0.3, -0.5]
    model = torch.tensor([*a, *b]).view(1, 8, 1, 1).expand(1, 8, 3, 4)
    src = torch.tensor([0.2, 0.4, 0.9]).view(1, 3, 1, 1).expand(1, 3, 9, 11).contiguous()
    fgr, pha = lift(model, src)
    # src + a * src + b; of alpha a * mean(src) + b.
    wanted = torch.tensor([0.4, 0.4, 0.825]).view(1, 3, 1, 1).expand_as(fgr)
    torch.testing.assert_close(fgr, wanted)
    torch.testing.assert_close(pha, torch.full_like(pha, 0.5))


@torch.inference_mode()
def test_results_are_bounded() -> None:
    model = torch.zeros(1, 8, 2, 2)
    model[:, 4:] = torch.tensor([-3.0, 3.0]).expand(4, 2, 2)
    for plane in lift(model, torch.full((1, 3, 8, 8), 0.5)):
        assert (float(plane.min()), float(plane.max())) == (0.0, 1.0)


def test_the_unbounded_form_is_the_same_before_the_bound() -> None:
    model, src = _random(1, 8, 5, 6) * 4 - 2, _random(1, 3, 20, 30)
    free = lift_unbounded(model, src)
    for got, wanted in zip(lift(model, src), free, strict=True):
        assert torch.equal(got, wanted.clamp(0, 1))
        assert float(wanted.min()) < 0 < 1 < float(wanted.max())


def test_gradients_reach_model_and_view() -> None:
    model = _random(1, 8, 3, 3).mul(0.1).requires_grad_()
    src = _random(1, 3, 9, 9).mul(0.5).requires_grad_()
    fgr, pha = lift(model, src)
    functional.mse_loss(fgr.sum() + pha.sum(), torch.zeros((), dtype=fgr.dtype)).backward()  # type: ignore[no-untyped-call]
    assert model.grad is not None
    assert src.grad is not None
    assert bool((model.grad != 0).any())
    assert bool((src.grad != 0).all())
