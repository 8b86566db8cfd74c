"""What a run is held against, and how it is shown."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from robust_matte_rvm import LowResMatte, MattingNetwork, RecurrentState
from robust_matte_rvm.errors import RunFolderError
from robust_matte_rvm.training.clips import Clip
from robust_matte_rvm.training.journal import Journal
from robust_matte_rvm.training.sample_sheet import Sample, draw_sheet, write_sheet
from robust_matte_rvm.training.validation import Validation

CPU = torch.device("cpu")


class Seer(MattingNetwork):
    """Takes the red of what it sees for alpha, less a tenth; counts what it was shown."""

    def __init__(self) -> None:
        super().__init__("draft")
        self.shown: list[tuple[tuple[int, ...], bool]] = []

    def low_res_pass(
        self, src_low: torch.Tensor, state: RecurrentState, *, frames: int = 1
    ) -> tuple[LowResMatte, RecurrentState]:
        self.shown.append((tuple(src_low.shape[2:]), state.is_empty))
        _, after = super().low_res_pass(src_low, state, frames=frames)
        said = LowResMatte(fgr_residual=src_low, pha=src_low[:, :1] - 0.1, hidden=src_low)
        return said, after


def clip(*levels: float, height: int = 32, width: int = 48) -> Clip:
    """Frames whose left half has some alpha."""
    pha = torch.zeros(len(levels), 1, height, width)
    for frame, level in zip(pha, levels, strict=True):
        frame[:, :, : width // 2] = level
    src = pha.expand(-1, 3, -1, -1).contiguous()
    return Clip(src=src, fgr=src, pha=pha)


def test_values_are_those_of_the_evaluation() -> None:
    found = Validation([clip(1.0, 0.8)], 48, CPU).measure(Seer())
    assert found["mad"] == pytest.approx(0.05, abs=1e-6)  # a tenth in half of the picture
    assert found["iou"] == 1.0
    assert found["dtssd"] == pytest.approx(0, abs=1e-6)  # wrong, but steady


def test_flicker_is_seen() -> None:
    steady, flickering = clip(0.5, 0.5), clip(0.5, 0.5)
    flickering.src[1] += 0.2
    found = Validation([Clip(flickering.src, steady.fgr, steady.pha)], 48, CPU).measure(Seer())
    # Clipped at 0, the right half changes by a tenth, the left one by two.
    assert found["dtssd"] == pytest.approx(((0.2**2 + 0.1**2) / 2) ** 0.5, rel=1e-5)


def test_every_clip_has_a_median_of_its_own() -> None:
    right, empty = clip(1.0, 1.0, 1.0), clip(0.55)  # less a tenth it is below a half
    found = Validation([right, empty, right], 48, CPU).measure(Seer())
    assert found["iou"] == pytest.approx(6 / 7)
    assert found["iou_median"] == 1.0
    assert "dtssd" not in Validation([empty], 48, CPU).measure(Seer())


def test_a_still_is_shown_until_its_state_has_settled() -> None:
    network = Seer()
    Validation([clip(1.0)], 24, CPU).measure(network)
    assert network.shown == [((16, 24), True)] + [((16, 24), False)] * 5


def test_a_clip_is_shown_once_from_an_empty_state() -> None:
    network = Seer()
    Validation([clip(1.0, 1.0)] * 2, 48, CPU).measure(network)
    assert [is_empty for _, is_empty in network.shown] == [True, False] * 2


# --- sheets


def test_a_sheet_shows_source_truth_matte_and_result() -> None:
    src, fgr = torch.full((3, 8, 16), 0.25), torch.tensor([1.5, 0.0, 0.0]).view(3, 1, 1)
    said = torch.cat([torch.ones(1, 4, 4), torch.zeros(1, 4, 4)], 2)
    sample = Sample(src=src, pha=torch.full((1, 8, 16), 0.75), fgr=fgr.expand(3, 4, 8), said=said)
    sheet = draw_sheet([sample, sample])
    assert sheet.shape == (3, 2 * 256 + 4, 4 * 512 + 3 * 4)
    row = sheet[:, 128]
    starts = [516 * at for at in range(4)]
    assert row[:, starts[0] + 100].tolist() == pytest.approx([0.25] * 3)
    assert row[:, starts[1] + 100].tolist() == pytest.approx([0.75] * 3)
    assert row[:, starts[2] + 100].tolist() == pytest.approx([1.0] * 3)
    assert row[:, starts[2] + 400].tolist() == pytest.approx([0.0] * 3)
    assert row[:, starts[3] + 100].tolist() == pytest.approx([1.0, 0.0, 0.0])
    red, green, blue = row[:, starts[3] + 400].tolist()
    assert green > 2 * max(red, blue)


def test_a_sheet_holds_pictures_of_several_sizes(tmp_path: Path) -> None:
    samples = [
        Sample(src=torch.ones(3, *size), pha=plane, fgr=torch.ones(3, *size), said=plane)
        for size in ((8, 16), (16, 8))
        for plane in [torch.ones(1, *size)]
    ]
    write_sheet(tmp_path / "sheets" / "one.png", samples)
    with Image.open(tmp_path / "sheets" / "one.png") as picture:
        assert np.asarray(picture).shape == (516, 4 * 512 + 12, 3)
    assert [path.name for path in (tmp_path / "sheets").iterdir()] == ["one.png"]


def test_a_sheet_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "sheets").touch()
    plane = torch.ones(1, 8, 8)
    sample = Sample(src=torch.ones(3, 8, 8), pha=plane, fgr=torch.ones(3, 8, 8), said=plane)
    with pytest.raises(RunFolderError, match=r"one\.png cannot be written"):
        write_sheet(tmp_path / "sheets" / "one.png", [sample])


# --- the journal


def test_rows_after_the_checkpoint_are_taken_out(tmp_path: Path) -> None:
    first = Journal(tmp_path, 0)
    for step in (2, 4, 6):
        first.write("losses", step, {"stage": 'a, "b"', "total": step / 2})
    first.close()
    with (tmp_path / "losses.csv").open("a") as file:
        file.write("8,a")
    second = Journal(tmp_path, 4)
    second.write("losses", 6, {"stage": "c", "total": 9.0})
    second.close()
    assert (tmp_path / "losses.csv").read_text("utf-8").splitlines() == [
        "step,stage,total",
        '2,"a, ""b""",1.0',
        '4,"a, ""b""",2.0',
        "6,c,9.0",
    ]


def test_a_table_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "losses.csv").write_text("name,value\nrent,100\n", "utf-8")
    with pytest.raises(RunFolderError, match=r"losses\.csv is no table of a training run"):
        Journal(tmp_path, 4)
    assert (tmp_path / "losses.csv").read_text("utf-8") == "name,value\nrent,100\n"
