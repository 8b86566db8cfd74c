"""Pins: what they are, how others are told, and that who begins a segment settles them."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from robust_matte import __version__
from robust_matte.errors import OtherPinsError, WriteError
from robust_matte.jobs.pins import Pins, other_pins, pins_of
from robust_matte.jobs.plan import Plan
from robust_matte.jobs.segment_pins import SegmentPins, forget_pins
from robust_matte.keying.model import ModelIdentity
from robust_matte.settings.choices import Refiner

MODEL = ModelIdentity(
    variant="draft",
    usual_side=288,
    refiner=Refiner.FAST_GUIDED_FILTER,
    device="cpu",
    threads=4,
    torch="2.13.0",
    capability="AVX512",
)
OWN = Pins(engine="0.1", torch="2.13.0", device="cpu AVX512", threads=4)


def _pins(**changes: Any) -> Pins:
    return OWN.model_copy(update=changes)


@pytest.fixture
def plan() -> Plan:
    window = {"x": 0, "y": 0, "width": 64, "height": 48}
    return Plan.model_validate(
        {
            "request": {
                "plate": {
                    "path": "sh010.####.exr",
                    "frames": "1001-1020",
                    "fingerprint": "f",
                    "space": "lin_rec709_scene",
                    "is_space_stated": True,
                    "display_window": window,
                    "work_area": window,
                },
                "colour": {"output": "x", "chromaticities": [], "interop_id": None},
                "weights": {"sha256": "a", "variant": "draft", "refiner": "none"},
                "low_size": {"width": 64, "height": 48},
                "settings": {"layers": "combined", "format": "exr"},
            },
            "segments": [
                {"first": 1001, "last": 1010, "reset": "first frame"},
                {"first": 1011, "last": 1020, "reset": "cut"},
            ],
            "pins": OWN.model_dump(),
        }
    )


def test_pins_of_a_cpu_name_its_instructions_and_threads() -> None:
    assert pins_of(MODEL) == _pins(engine=__version__)


def test_threads_of_a_card_decide_nothing() -> None:
    card = replace(MODEL, device="NVIDIA H100", capability="")
    assert pins_of(card) == pins_of(replace(card, threads=64))
    assert pins_of(card).device == "NVIDIA H100"


def test_every_pin_changes_the_hash() -> None:
    others: list[dict[str, Any]] = [
        {name: "other"} for name in Pins.model_fields if name != "threads"
    ]
    hashes = {OWN.hash, *(_pins(**one).hash for one in [*others, {"threads": 5}])}
    assert len(hashes) == 1 + len(Pins.model_fields)
    assert {len(one) for one in hashes} == {16}


@pytest.mark.parametrize(
    ("changes", "said", "hint"),
    [
        pytest.param(
            {"threads": 2},
            "4 threads, this run has 2 threads.",
            "Set --threads 4, or key the segment anew under these with --repin.",
            id="threads",
        ),
        pytest.param(
            {"threads": 1, "torch": "2.14.0"},
            "torch 2.13.0 and 4 threads, this run has torch 2.14.0 and 1 thread.",
            "Install torch 2.13.0 and set --threads 4, or key the segment anew under these with "
            "--repin.",
            id="two",
        ),
        pytest.param(
            {"engine": "0.2", "device": "cpu AVX2", "threads": 2},
            "version 0.1 of this program, the device cpu AVX512 and 4 threads, this run has "
            "version 0.2 of this program, the device cpu AVX2 and 2 threads.",
            "Install version 0.1 of this program, go on with the device cpu AVX512 and set "
            "--threads 4, or key the segment anew under these with --repin.",
            id="three",
        ),
        pytest.param(
            {"precision": "float16"},
            "the precision float32, this run has the precision float16.",
            "Key the segment anew under these with --repin.",
            id="nothing to set",
        ),
    ],
)
def test_other_pins_are_told_with_both_values(
    changes: dict[str, Any], said: str, hint: str
) -> None:
    error = other_pins("1001-1010", OWN, _pins(**changes))
    assert error.what == f"The segment 1001-1010 was begun with {said}"
    assert error.hint == hint
    assert error.exit_code == 5


def test_who_begins_a_segment_settles_its_pins(plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "pins"
    first, second = SegmentPins(plan, folder), SegmentPins(plan, folder)
    assert first.of_frame(1001) is None
    first.begin(1001, OWN)
    assert json.loads((folder / "1001.json").read_text())["pins"]["threads"] == 4
    second.begin(1001, OWN)
    with pytest.raises(OtherPinsError, match=r"1001-1010 was begun with 4 threads"):
        second.begin(1001, _pins(threads=2))
    assert SegmentPins(plan, folder).of_frame(1010) == OWN
    assert SegmentPins(plan, folder).of_frame(1011) is None


def test_of_those_who_begin_at_once_the_first_counts(plan: Plan, tmp_path: Path) -> None:
    workers = [SegmentPins(plan, tmp_path) for _ in range(8)]  # all have seen that nothing is there
    outcomes: list[int] = []
    gate = threading.Barrier(len(workers))

    def begin(threads: int) -> None:
        gate.wait()
        try:
            workers[threads].begin(1001, _pins(threads=threads))
        except OtherPinsError:
            return
        outcomes.append(threads)

    running = [threading.Thread(target=begin, args=(count,)) for count in range(len(workers))]
    for one in running:
        one.start()
    for one in running:
        one.join()
    (winner,) = outcomes
    assert SegmentPins(plan, tmp_path).of_segment(1001) == _pins(threads=winner)
    assert [path.name for path in tmp_path.iterdir()] == ["1001.json"]


@pytest.mark.parametrize("text", ["", "{", '{"job": "other", "pins": {}}'])
def test_what_is_torn_or_of_another_job_does_not_count(
    text: str, plan: Plan, tmp_path: Path
) -> None:
    (tmp_path / "1001.json").write_text(text)
    pins = SegmentPins(plan, tmp_path)
    assert pins.of_segment(1001) is None
    pins.begin(1001, OWN)
    assert SegmentPins(plan, tmp_path).of_segment(1001) == OWN


def test_who_sees_an_empty_file_waits_for_what_is_being_written(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "1001.json"
    path.touch()  # as it is for a moment on a share without links

    def written(_: float) -> None:
        SegmentPins(plan, tmp_path / "aside").begin(1001, OWN)
        path.write_bytes((tmp_path / "aside" / "1001.json").read_bytes())

    monkeypatch.setattr("time.sleep", written)
    with pytest.raises(OtherPinsError):
        SegmentPins(plan, tmp_path).begin(1001, _pins(threads=2))


def test_pins_are_read_of_segments_that_are_looked_at(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = Path.read_bytes

    def noted(path: Path) -> bytes:
        read.append(path.name)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    pins = SegmentPins(plan, tmp_path)
    for number in (1011, 1012, 1013):
        assert pins.of_frame(number) is None
    assert read == ["1011.json"]


def test_black_frames_say_what_the_job_was_planned_with(plan: Plan, tmp_path: Path) -> None:
    assert SegmentPins(plan, tmp_path).of_frame(None) == OWN


def test_renewed_pins_take_the_place_of_the_old(plan: Plan, tmp_path: Path) -> None:
    pins = SegmentPins(plan, tmp_path)
    pins.begin(1011, OWN)
    pins.renew(1011, _pins(threads=2))
    pins.check(1011, _pins(threads=2))
    assert SegmentPins(plan, tmp_path).of_frame(1020) == _pins(threads=2)


def test_another_jobs_pins_are_forgotten(plan: Plan, tmp_path: Path) -> None:
    forget_pins(tmp_path / "none")
    SegmentPins(plan, tmp_path).begin(1001, OWN)
    beginning = tmp_path / ".1001.tmp-12-abcdef12.json"
    beginning.touch()
    forget_pins(tmp_path)
    assert list(tmp_path.iterdir()) == [beginning]


def test_folder_that_cannot_be_made_is_told(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteError):
        SegmentPins(plan, tmp_path / "file" / "pins").begin(1001, OWN)
