"""Foregrounds over backgrounds, footage before a teacher, and photographs, as clips."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from robust_matte_rvm.training import matte_clips, photographs, unlabelled
from robust_matte_rvm.training.clips import Clip, lay_over
from robust_matte_rvm.training.filling import fill_hole
from robust_matte_rvm.training.matte_clips import MatteClips
from robust_matte_rvm.training.motion import Framing
from robust_matte_rvm.training.photographs import Photographs, label_photograph, read_photograph
from robust_matte_rvm.training.shots import FrameStore, Shot, find_shots
from robust_matte_rvm.training.teacher import Teacher
from robust_matte_rvm.training.unlabelled import UnlabelledClips

SIZE = 24, 32
SEEDS = range(12)
BACK = (0.2, 0.6, 1.0)
FRONT = (0.8, 0.4, 0.0)


def colour(rgb: tuple[float, float, float]) -> Tensor:
    return torch.tensor(rgb).view(1, 3, 1, 1)


def shots(folder: Path, mode: Any) -> list[Shot]:
    return list(find_shots(folder, mode, FrameStore(512)).values())


def write(path: Path, pixels: NDArray[np.float32]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path)


def flat(rgb: tuple[float, float, float], size: tuple[int, int] = (48, 64)) -> NDArray[np.float32]:
    return np.full((*size, 3), rgb, np.float32)


def blob(number: int = 0) -> NDArray[np.float32]:
    """Return a soft disc of alpha, (48, 64, 1), that wanders to the right."""
    y, x = np.mgrid[:48, :64]
    distance = np.hypot(y - 24, x - 24 - 2 * number)
    alpha: NDArray[np.float32] = np.clip((16 - distance) / 6, 0, 1).astype(np.float32)
    return alpha[:, :, None]


@pytest.fixture
def mattes(tmp_path: Path) -> MatteClips:
    """A figure of one colour that hides green where alpha is 0, over walls of one colour."""
    for number in range(6):
        pha = blob(number)
        fgr = np.where(pha > 0, flat(FRONT), flat((0, 1, 0)))
        write(tmp_path / f"subjects/walk/{number}.png", np.concatenate([fgr, pha], 2))
        write(tmp_path / f"walls/pan/{number}.png", flat(BACK))
    write(tmp_path / "walls/still.png", flat(BACK))
    return MatteClips(
        shots(tmp_path / "subjects", "RGBA"), shots(tmp_path / "walls", "RGB"), Framing(0.8, 1.0)
    )


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave motion alone, and take looks, blur and grain away."""
    monkeypatch.setattr(matte_clips, "LOOK_STRENGTH", 0.0)
    for module in (matte_clips, photographs, unlabelled):
        monkeypatch.setattr(module, "finish", lambda _, clip: clip)


@pytest.mark.usefixtures("plain")
def test_a_composite_is_its_foreground_over_the_backdrop(mattes: MatteClips) -> None:
    for seed in SEEDS:
        clip = mattes.draw(np.random.default_rng(seed), 4, SIZE)
        assert clip.src.shape == (4, 3, *SIZE)
        assert clip.pha.shape == (4, 1, *SIZE)
        wanted = clip.pha * colour(FRONT) + (1 - clip.pha) * colour(BACK)
        torch.testing.assert_close(clip.src, wanted, atol=2e-3, rtol=0)


@pytest.mark.usefixtures("plain")
def test_hidden_colour_does_not_bleed_into_the_foreground(mattes: MatteClips) -> None:
    for seed in SEEDS:
        clip = mattes.draw(np.random.default_rng(seed), 2, SIZE)
        if clip.pha.max() == 0:
            continue
        gap = (clip.fgr - colour(FRONT)).abs().amax((1, 2, 3))
        assert (gap[clip.pha.amax((1, 2, 3)) > 0] < 0.02).all()


@pytest.mark.usefixtures("plain")
def test_subject_and_backdrop_move_on_their_own(tmp_path: Path) -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[None, :, None]
    write(tmp_path / "subjects/a.png", np.concatenate([flat(FRONT) * ramp, blob() * 0 + 0.5], 2))
    write(tmp_path / "walls/a.png", flat((1, 1, 1)) * ramp)
    source = MatteClips(
        shots(tmp_path / "subjects", "RGBA"), shots(tmp_path / "walls", "RGB"), Framing(0.6, 0.9)
    )
    shifts = []
    for seed in range(40):
        clip = source.draw(np.random.default_rng(seed), 5, SIZE)
        back = (clip.src - clip.fgr * 0.5) / 0.5
        moves = [float((one[-1, 0] - one[0, 0]).mean()) for one in (clip.fgr, back)]
        shifts.append(moves)
    assert abs(np.corrcoef(np.array(shifts).T)[0, 1]) < 0.5


def test_clips_of_mattes_stay_within_range_and_repeat(mattes: MatteClips) -> None:
    for seed in SEEDS:
        clip = mattes.draw(np.random.default_rng(seed), 3, SIZE)
        for planes in clip:
            assert torch.isfinite(planes).all()
            assert planes.min() >= -1e-6
            assert planes.max() <= 1 + 1e-6
        again = mattes.draw(np.random.default_rng(seed), 3, SIZE)
        assert all(torch.equal(a, b) for a, b in zip(clip, again, strict=True))


@pytest.mark.usefixtures("plain")
def test_half_of_the_backdrops_move_by_themselves(tmp_path: Path) -> None:
    write(tmp_path / "subjects/a.png", np.concatenate([flat(FRONT), blob() * 0], 2))
    for number in range(3):
        write(tmp_path / f"walls/pan/{number}.png", flat((1, 1, 1)))
    for name in "abc":
        write(tmp_path / f"walls/{name}.png", flat((0, 0, 0)))
    source = MatteClips(
        shots(tmp_path / "subjects", "RGBA"), shots(tmp_path / "walls", "RGB"), Framing()
    )
    shown = [float(source.draw(np.random.default_rng(n), 1, SIZE).src.mean()) for n in range(60)]
    assert 20 < sum(shown) < 40


# --- a teacher


class RedTeacher(Teacher):
    """Takes what is red for the subject; later frames less, the more it has seen."""

    def __init__(self) -> None:
        self.seen: list[Tensor] = []

    def matte_still(self, picture: Tensor) -> Clip:
        return Clip(src=picture[None], fgr=picture[None] * 0.5, pha=(picture[None, :1] > 0.5) * 1.0)

    def matte_clip(self, src: Tensor) -> Clip:
        self.seen.append(src)
        count = torch.arange(src.shape[1]).view(1, -1, 1, 1, 1)
        return Clip(src=src, fgr=src * 0.5, pha=(src[:, :, :1] > 0.5) / (1.0 + count))


@pytest.fixture
def footage(tmp_path: Path) -> list[Shot]:
    for number in range(9):
        write(tmp_path / f"footage/walk/{number}.png", flat((1, number / 255, 0)))
    return shots(tmp_path / "footage", "RGB")


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    ("frames", "lead"),
    [
        pytest.param(1, 3, id="still"),
        pytest.param(3, 3, id="short"),
        pytest.param(6, 5, id="all of it"),
        pytest.param(30, 16, id="long"),
    ],
)
def test_the_teacher_settles_before_the_first_frame(
    footage: list[Shot], frames: int, lead: int
) -> None:
    teacher = RedTeacher()
    clip = UnlabelledClips(footage, teacher, Framing()).draw(np.random.default_rng(5), frames, SIZE)
    assert clip.src.shape == (frames, 3, *SIZE)
    (seen,) = teacher.seen
    assert seen.shape == (1, lead + frames, 3, *SIZE)
    assert torch.equal(seen[0, lead:], clip.src)
    for step in range(1, min(lead, frames - 1) + 1):  # it comes towards the first from behind
        assert torch.equal(seen[0, lead - step], clip.src[step])
    wanted = 1 / (1 + torch.arange(lead, lead + frames))
    torch.testing.assert_close(clip.pha[:, 0, 5, 5], wanted)
    torch.testing.assert_close(clip.fgr, clip.src * 0.5)


def test_the_teacher_sees_footage_before_looks_and_grain(footage: list[Shot]) -> None:
    for seed in SEEDS:
        teacher = RedTeacher()
        UnlabelledClips(footage, teacher, Framing()).draw(np.random.default_rng(seed), 2, SIZE)
        (seen,) = teacher.seen
        torch.testing.assert_close(seen[0, :, 0], torch.ones(5, *SIZE), atol=1e-5, rtol=0)
        torch.testing.assert_close(seen[0, :, 2], torch.zeros(5, *SIZE), atol=1e-5, rtol=0)


# --- photographs


@pytest.fixture
def labelled(tmp_path: Path) -> Tensor:
    picture = flat(BACK)
    picture[16:32, 20:44] = FRONT
    write(tmp_path / "a.png", picture)
    return label_photograph(tmp_path / "a.png", RedTeacher(), 512)


def test_a_photograph_is_read_as_it_is_shown(tmp_path: Path) -> None:
    write(tmp_path / "a.png", flat((0.2, 0.4, 0.6)))
    picture = read_photograph(tmp_path / "a.png", 32)
    assert picture.shape == (3, 24, 32)
    torch.testing.assert_close(picture, colour((0.2, 0.4, 0.6))[0].expand(3, 24, 32))


def test_a_labelled_photograph_knows_itself_without_its_people(labelled: Tensor) -> None:
    src, fgr, pha, empty = labelled[:3], labelled[3:6], labelled[6:7], labelled[7:]
    assert labelled.shape == (10, 48, 64)
    assert pha.sum() == 16 * 24
    torch.testing.assert_close(fgr, src * 0.5)
    assert empty.shape == (3, 48, 64)
    torch.testing.assert_close(empty, colour(BACK)[0].expand(3, 48, 64), atol=2e-3, rtol=0)


@pytest.mark.usefixtures("plain")
def test_photographs_are_shown_alone_and_over_others(
    labelled: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photographs, "recolour", lambda _, clip: clip)
    source = Photographs([labelled], Framing(0.9, 1.0))
    kinds = {"alone": 0, "over an empty one": 0, "over another": 0}
    for seed in range(60):
        clip = source.draw(np.random.default_rng(seed), 2, SIZE)
        assert clip.src.shape == (2, 3, *SIZE)
        redness = clip.src[:, 0] - clip.src[:, 2]
        has_source, has_cut_out = (
            bool((redness > 0.7).any()),
            bool(((redness - 0.4).abs() < 0.02).any()),
        )
        kinds["alone"] += (
            has_source and not has_cut_out
        )  # the teacher's foreground is half as bright
        kinds["over an empty one"] += has_cut_out and not has_source
        kinds["over another"] += has_cut_out and has_source
    assert min(kinds.values()) > 5, kinds


def test_photographs_draw_the_same_clip_for_the_same_randomness(labelled: Tensor) -> None:
    source = Photographs([labelled, labelled.flip(2)], Framing())
    for seed in SEEDS:
        one, other = (source.draw(np.random.default_rng(seed), 3, SIZE) for _ in range(2))
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
        assert all(planes.min() >= 0 and planes.max() <= 1.00001 for planes in one)


def test_a_draw_of_photographs_takes_this_much_randomness(labelled: Tensor) -> None:
    """Runs that go on depend on the order of draws: what follows a clip is pinned."""
    source = Photographs([labelled], Framing(0.5, 1.1))
    after = []
    for seed in range(6):
        rng = np.random.default_rng([1, 0, seed, 0, 0])
        source.draw(rng, 1, SIZE)
        after.append(round(float(rng.random()), 6))
    assert after == [0.232901, 0.047385, 0.58834, 0.356453, 0.85983, 0.12147]


# --- laying over, and closing holes


def test_who_stands_behind_remains_a_subject() -> None:
    front = Clip(src=torch.zeros(1, 3, 1, 1), fgr=colour(FRONT), pha=torch.full((1, 1, 1, 1), 0.5))
    back = Clip(src=colour(BACK) * 0.5, fgr=colour(BACK), pha=torch.full((1, 1, 1, 1), 0.5))
    clip = lay_over(front, back)
    assert float(clip.pha) == pytest.approx(0.75)
    torch.testing.assert_close(clip.src, colour(FRONT) * 0.5 + colour(BACK) * 0.25)
    torch.testing.assert_close(clip.fgr, colour(FRONT) * (2 / 3) + colour(BACK) * (1 / 3))


def test_a_hole_is_filled_from_around_it(rng: Generator) -> None:
    picture = torch.from_numpy(rng.random((3, 20, 30), np.float32))
    hole = torch.zeros(1, 20, 30)
    hole[:, 5:12, 10:20] = 1
    filled = fill_hole(picture, hole)
    known = (hole == 0).expand_as(picture)
    assert torch.equal(filled[known], picture[known])
    assert filled.min() >= 0
    assert filled.max() <= 1
    garbage = torch.where(known, picture, torch.full_like(picture, 9.0))
    torch.testing.assert_close(fill_hole(garbage, hole), filled)


def test_a_hole_is_filled_from_its_side_of_the_picture() -> None:
    picture = torch.zeros(3, 32, 64)
    picture[0, :, :32] = picture[2, :, 32:] = 1  # red, blue
    hole = torch.zeros(1, 32, 64)
    hole[:, 10:16, 4:10] = hole[:, 10:16, 54:60] = 1
    filled = fill_hole(torch.where(hole > 0, 0.5, picture), hole)
    torch.testing.assert_close(filled, picture, atol=0.02, rtol=0)


@pytest.mark.parametrize(
    "size", [pytest.param((1, 1), id="pixel"), pytest.param((7, 33), id="odd")]
)
def test_a_hole_in_one_colour_disappears(size: tuple[int, int]) -> None:
    hole = torch.zeros(1, *size)
    hole[:, : size[0] // 2, 1:] = 1
    filled = fill_hole(torch.where(hole > 0, 0.9, 0.3).expand(3, *size), hole)
    torch.testing.assert_close(filled, torch.full((3, *size), 0.3))
