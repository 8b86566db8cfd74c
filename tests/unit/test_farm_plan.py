"""The form of a farm's plan: it comes back as it was, and complains in words."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from robust_matte.cli.plan import _rows
from robust_matte.errors import InputError, SettingsError, WriteError
from robust_matte.farm.chosen_pieces import pieces_of_bin, pieces_of_segment
from robust_matte.farm.farm_plan import FarmPlan, Piece, PlannedWeights, Shot
from robust_matte.farm.planning import FarmResult
from robust_matte.farm.rolling import split_pieces
from robust_matte.jobs.plan import SegmentRecord
from robust_matte.keying.segments import Reset


def shot(name: str = "sh010", **values: Any) -> Shot:
    segments = (
        SegmentRecord(first=1, last=4, reset=Reset.FIRST),
        SegmentRecord(first=5, last=9, reset=Reset.CUT),
    )
    usual = {
        "plate": f"{name}/plate.####.exr",
        "output": f"{name}/plate_matte.####.exr",
        "settings": {"gain": "1"},
        "job": "f00",
        "segments": segments,
        "pixels": 3072,
        "frames": 9,
    }
    return Shot(name=name, **(usual | values))


def piece(segment: int = 0, first: int = 1, last: int = 4, name: str = "sh010") -> Piece:
    return Piece(shot=name, segment=segment, first=first, last=last, frames=last - first + 1)


def farm_plan(**values: Any) -> FarmPlan:
    usual = {
        "plates": "../plates",
        "weights": PlannedWeights(name="draft", sha256="abc"),
        "shots": (shot(),),
        "bins": ((piece(),), (piece(1, 5, 9),), ()),
    }
    return FarmPlan(**(usual | values))


def test_a_saved_plan_comes_back_as_it_was(tmp_path: Path) -> None:
    plan = farm_plan(split=4)
    plan.save(tmp_path / "out" / "plan.json")
    assert FarmPlan.load(tmp_path / "out" / "plan.json") == plan


def test_pieces_are_those_of_all_bins() -> None:
    assert [one.first for one in farm_plan().pieces] == [1, 5]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        pytest.param({"version": 2}, "a plan of version 2; this program reads version 1", id="new"),
        pytest.param({"bins": []}, "bins: ", id="no bins"),
        pytest.param({"shots": []}, "shots: ", id="no shots"),
        pytest.param({"later": 1}, "later: ", id="unknown field"),
        pytest.param({"request": {}}, "the plan of one plate alone", id="a shot's own"),
        pytest.param(
            {"bins": [[{"shot": "x", "segment": 0, "first": 1, "last": 2, "frames": 2}]]},
            "a bin names segment 0 of x",
            id="unknown shot",
        ),
        pytest.param(
            {"bins": [[{"shot": "sh010", "segment": 2, "first": 1, "last": 2, "frames": 2}]]},
            "a bin names segment 2 of sh010",
            id="unknown segment",
        ),
        pytest.param(
            {"bins": [[{"shot": "sh010", "segment": 0, "first": 3, "last": 5, "frames": 3}]]},
            "3-5 is not in segment 0",
            id="over a cut",
        ),
    ],
)
def test_what_is_no_plan_is_told_apart(tmp_path: Path, change: dict[str, Any], what: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(farm_plan().model_dump(mode="json") | change))
    with pytest.raises(InputError) as caught:
        FarmPlan.load(path)
    assert what in caught.value.what
    assert str(path) in caught.value.what
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"version": 1'])
def test_what_is_torn_is_damaged(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"is damaged: it (is no JSON|holds no object)"):
        FarmPlan.load(path)


def test_no_plan_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no plan"):
        FarmPlan.load(tmp_path / "plan.json")
    with pytest.raises(InputError, match="cannot be read"):
        FarmPlan.load(tmp_path)


def test_a_plan_cannot_be_saved_under_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(WriteError):
        farm_plan().save(tmp_path / "out" / "plan.json")


def test_two_shots_cannot_be_called_alike() -> None:
    with pytest.raises(ValueError, match="two shots are called sh010"):
        farm_plan(shots=(shot(), shot()))


def test_a_bin_is_chosen_by_its_number() -> None:
    assert pieces_of_bin(farm_plan(), 1) == [piece(1, 5, 9)]
    assert pieces_of_bin(farm_plan(), 2) == []
    for number in (3, -1):
        with pytest.raises(SettingsError) as caught:
            pieces_of_bin(farm_plan(), number)
        assert caught.value.what == f"The plan has no bin {number}."
        assert "from 0 to 2" in caught.value.hint


def test_a_segment_is_chosen_by_shot_and_index() -> None:
    split = farm_plan(bins=((piece(1, 7, 9),), (piece(), piece(1, 5, 6))))
    assert pieces_of_segment(split, "sh010:1") == [piece(1, 5, 6), piece(1, 7, 9)]
    assert pieces_of_segment(split, "0") == [piece()]
    odd = farm_plan(shots=(shot("a:b"),), bins=((piece(name="a:b"),),))
    assert pieces_of_segment(odd, "a:b:0") == [piece(name="a:b")]


@pytest.mark.parametrize("text", ["sh020:0", "sh010:2", "sh010:", "sh010:-1", "sh010:x", "", "2"])
def test_a_segment_that_is_not_there_is_told(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        pieces_of_segment(farm_plan(), text)
    assert caught.value.what == f'The plan has no segment "{text}".'
    assert "sh010:0" in caught.value.hint


def test_a_misspelt_shot_is_told_with_a_word_that_can_be_pasted() -> None:
    plan = farm_plan(shots=(shot("my shot 30"),), bins=((piece(name="my shot 30"),),))
    with pytest.raises(SettingsError) as caught:
        pieces_of_segment(plan, "my shot 3:0")
    assert caught.value.hint == ("my shot 30 looks like it; write SHOT:N, such as 'my shot 30:0'.")
    with pytest.raises(SettingsError) as caught:
        pieces_of_segment(plan, "my shot 30:7")
    assert "write 'my shot 30:0' to 'my shot 30:1'" in caught.value.hint


def test_large_plans_are_sorted_out_quickly() -> None:
    """1000 shots of 10 split segments: scanning all pieces for each shot takes many seconds."""
    shots = tuple(
        shot(
            f"sh{number:04d}",
            segments=tuple(
                SegmentRecord(first=10 * at, last=10 * at + 9, reset=Reset.CUT) for at in range(10)
            ),
        )
        for number in range(1000)
    )
    pieces = [
        piece(at, first, first + 4, one.name)
        for one in shots
        for at in range(10)
        for first in (10 * at, 10 * at + 5)
    ]
    bins = tuple(tuple(pieces[at::64]) for at in range(64))
    plan = farm_plan(shots=shots, bins=bins, split=5)
    started = time.process_time()
    found = split_pieces(plan, 0)
    rows = list(_rows(FarmResult(Path("/out/plan.json"), plan, is_new=True)))
    names = [plan.shot(one.name).name for one in shots]
    assert time.process_time() - started < 1.5
    assert len(found) == 2 * len({(one.shot, one.segment) for one in bins[0]})
    assert sum(", 20 pieces" in row.text for row in rows) == 1000
    assert len(names) == 1000


def test_a_segment_needs_its_shot_where_there_are_several() -> None:
    with pytest.raises(SettingsError, match='no segment "0"'):
        pieces_of_segment(farm_plan(shots=(shot(), shot("sh020"))), "0")
