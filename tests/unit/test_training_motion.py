"""Cameras over pictures: where each frame looks, checked on pixels."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator
from numpy.typing import NDArray

from robust_matte_rvm.training.clips import Clip, lay_over_backdrop
from robust_matte_rvm.training.motion import Framing, draw_frame_numbers, draw_path, move

HIGH, WIDE = 24, 32


def still(  # one frame's row of a path
    share: float = 1, turn: float = 0, mirror: int = 1, x: float = 0, y: float = 0
) -> NDArray[np.float32]:
    return np.array([[share, turn, mirror, x, y]], np.float32)


@pytest.fixture
def picture(rng: Generator) -> torch.Tensor:
    return torch.from_numpy(rng.random((3, HIGH, WIDE), np.float32))


def test_the_whole_window_is_the_picture(picture: torch.Tensor) -> None:
    torch.testing.assert_close(move(picture, still(), (HIGH, WIDE))[0], picture)


@pytest.mark.parametrize(
    ("left", "top"),
    [
        pytest.param(0, 0, id="corner"),
        pytest.param(5, 9, id="inside"),
        pytest.param(16, 12, id="other corner"),
    ],
)
def test_whole_pixels_are_a_slice(picture: torch.Tensor, left: int, top: int) -> None:
    size = height, width = HIGH // 2, WIDE // 2
    centre = 2 * left / (WIDE - width) - 1, 2 * top / (HIGH - height) - 1
    frame = move(picture, still(share=0.5, x=centre[0], y=centre[1]), size)[0]
    wanted = picture[:, top : top + height, left : left + width]
    torch.testing.assert_close(frame, wanted, atol=1e-5, rtol=0)


def test_a_mirrored_path_flips_the_picture(picture: torch.Tensor) -> None:
    frame = move(picture, still(mirror=-1), (HIGH, WIDE))[0]
    torch.testing.assert_close(frame, picture.flip(2), atol=1e-5, rtol=0)


def test_a_quarter_turn_turns_the_picture(picture: torch.Tensor) -> None:
    square = picture[:, :, :HIGH]
    frame = move(square, still(turn=math.pi / 2), (HIGH, HIGH))[0]
    torch.testing.assert_close(frame, square.rot90(1, (1, 2)), atol=1e-4, rtol=0)


def test_a_wider_window_mirrors_the_border(picture: torch.Tensor) -> None:
    frame = move(picture, still(share=2), (2 * HIGH, 2 * WIDE))[0]
    inner = frame[:, HIGH // 2 : -HIGH // 2, WIDE // 2 : -WIDE // 2]
    torch.testing.assert_close(inner, picture, atol=1e-5, rtol=0)
    above = frame[:, : HIGH // 2, WIDE // 2 : -WIDE // 2]
    torch.testing.assert_close(above, picture[:, : HIGH // 2].flip(1), atol=1e-5, rtol=0)


def test_frames_of_a_shot_keep_their_places(picture: torch.Tensor) -> None:
    shot = torch.stack([picture, 1 - picture])
    path = np.concatenate([still(), still(mirror=-1)])
    frames = move(shot, path, (HIGH, WIDE))
    torch.testing.assert_close(frames[0], picture, atol=1e-5, rtol=0)
    torch.testing.assert_close(frames[1], 1 - picture.flip(2), atol=1e-5, rtol=0)


def test_source_foreground_and_alpha_move_together(picture: torch.Tensor, rng: Generator) -> None:
    pha = torch.from_numpy(rng.random((1, HIGH, WIDE), np.float32))
    backdrop = torch.full((3, HIGH, WIDE), 0.25)
    path = draw_path(rng, 5, Framing())
    layers = torch.cat([picture * pha, pha, picture * pha + backdrop * (1 - pha)])
    moved = move(layers, path, (16, 20))
    light, moved_pha, composite = moved[:, :3], moved[:, 3:4], moved[:, 4:]
    torch.testing.assert_close(light + 0.25 * (1 - moved_pha), composite, atol=1e-5, rtol=0)


def test_a_backdrop_shows_where_alpha_is_not() -> None:
    fgr, back = torch.full((1, 3, 1, 2), 0.8), torch.full((1, 3, 1, 2), 0.4)
    clip = lay_over_backdrop(fgr, torch.tensor([[[[0.25, 1.0]]]]), back)
    torch.testing.assert_close(clip.src[0, 0, 0], torch.tensor([0.5, 0.8]))
    assert isinstance(clip, Clip)
    assert clip.fgr is fgr


def test_the_same_randomness_draws_the_same_path() -> None:
    one, other = (draw_path(np.random.default_rng(7), 9, Framing()) for _ in range(2))
    assert one.tobytes() == other.tobytes()
    assert one.tobytes() != draw_path(np.random.default_rng(8), 9, Framing()).tobytes()


@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(1, 40))
def test_a_path_stays_within_its_framing(seed: int, frames: int) -> None:
    path = draw_path(np.random.default_rng(seed), frames, Framing(closest=0.5, widest=1.25))
    assert path.shape == (frames, 5)
    slack = math.exp(0.1) + 1e-4
    assert (path[:, 0] >= 0.5 / slack).all()
    assert (path[:, 0] <= 1.25 * slack).all()
    assert set(path[:, 2].tolist()) <= {1.0, -1.0}
    assert len(set(path[:, 2].tolist())) == 1
    assert (abs(path[:, 3:]) <= 1).all()
    assert (abs(np.diff(path, axis=0)) < 0.5).all()


@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(1, 60), length=st.integers(1, 200))
def test_chosen_frames_exist_and_follow_each_other(seed: int, frames: int, length: int) -> None:
    numbers = draw_frame_numbers(np.random.default_rng(seed), frames, length)
    assert numbers.shape == (frames,)
    assert numbers.min() >= 0
    assert numbers.max() < length
    assert (abs(np.diff(numbers)) <= 3).all()


def test_footage_runs_both_ways_pauses_and_varies_in_speed() -> None:
    runs = [draw_frame_numbers(np.random.default_rng(seed), 8, 1000) for seed in range(200)]
    steps = [np.diff(run) for run in runs]
    assert sum((step <= 0).all() for step in steps) > 50
    assert sum((step >= 0).all() for step in steps) > 50
    fast = [abs(step) for step in steps if abs(step).max() > 1]
    assert 5 < sum(0 in step for step in fast) < len(fast) / 2  # paused
    assert {int(abs(step).max()) for step in steps} >= {1, 2, 3}
    assert len({int(run[0]) for run in runs}) > 100


def test_short_footage_turns_at_its_ends() -> None:
    runs = [draw_frame_numbers(np.random.default_rng(seed), 12, 3) for seed in range(50)]
    assert any({*run.tolist()} == {0, 1, 2} for run in runs)
    plain = [run for run in runs if (abs(np.diff(run)) == 1).all()]
    assert plain
    for run in plain:
        assert all(a == b for a, b in zip(run[:-4], run[4:], strict=True))


def test_a_still_has_one_frame() -> None:
    assert draw_frame_numbers(np.random.default_rng(0), 4, 1).tolist() == [0, 0, 0, 0]
