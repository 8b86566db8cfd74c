"""Packing, cutting and roots for any shots: nothing is lost, and nothing is done twice."""

from itertools import product
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from robust_matte.farm.cutting import cut_pieces
from robust_matte.farm.packing import default_bins, pack
from robust_matte.farm.roots import Roots, relative_text
from robust_matte.jobs.pieces import targets_in
from robust_matte.jobs.plan import SegmentRecord
from robust_matte.jobs.targets import targets_for
from robust_matte.keying.segments import split_segments
from robust_matte.settings.choices import Missing

plates = st.sets(st.integers(-20, 90), min_size=1, max_size=60).map(sorted)
cuts = st.sets(st.integers(-20, 90), max_size=5)


def records(present: list[int], starts: set[int]) -> list[SegmentRecord]:
    return [
        SegmentRecord(first=one.first, last=one.last, reset=one.reset)
        for one in split_segments(present, starts)
    ]


@given(st.lists(st.integers(0, 1000), max_size=40), st.integers(1, 12))
def test_each_piece_is_in_one_bin_and_bins_are_even(loads: list[int], bins: int) -> None:
    packed = pack(loads, bins)
    assert len(packed) == bins
    assert sorted(index for indices in packed for index in indices) == list(range(len(loads)))
    assert all(indices == sorted(indices) for indices in packed)
    longest = max(sum(loads[index] for index in indices) for indices in packed)
    biggest = max(loads, default=0)
    assert longest <= sum(loads) / bins + (1 - 1 / bins) * biggest + 1e-9
    assert pack(loads, bins) == packed


@settings(max_examples=30)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=7), st.integers(1, 3))
def test_the_longest_bin_is_within_a_third_of_the_best(loads: list[int], bins: int) -> None:
    def length(places: tuple[int, ...]) -> int:
        sums = [0] * bins
        for load, place in zip(loads, places, strict=True):
            sums[place] += load
        return max(sums)

    best = min(length(places) for places in product(range(bins), repeat=len(loads)))
    longest = max(sum(loads[index] for index in indices) for indices in pack(loads, bins))
    assert longest <= (4 / 3 - 1 / (3 * bins)) * best + 1e-9


@given(st.integers(0, 1000))
def test_there_are_never_more_than_64_bins_unless_one_asks(pieces: int) -> None:
    assert default_bins(pieces) == (pieces if 0 < pieces < 64 else 64 if pieces else 1)


@given(
    plates,
    cuts,
    st.none() | st.integers(1, 9),
    st.integers(-30, 60),
    st.integers(1, 80),
    st.integers(1, 3),
    st.sampled_from([Missing.HOLD, Missing.BLACK]),
)
def test_every_frame_is_in_exactly_one_piece(
    present: list[int],
    starts: set[int],
    split: int | None,
    first: int,
    count: int,
    step: int,
    missing: Missing,
) -> None:
    segments = records(present, starts)
    wanted = list(range(first, first + count * step, step))
    targets = targets_for(wanted, present, missing)
    pieces = cut_pieces("sh010", segments, present, wanted, split)
    found = []
    for piece in pieces:
        mine = targets_in([(piece.first, piece.last)], segments, targets)
        assert len(mine) == piece.frames > 0
        assert piece.first in present
        segment = segments[piece.segment]
        assert segment.first <= piece.first <= piece.last <= segment.last
        inside = [number for number in present if piece.first <= number <= piece.last]
        assert len(inside) <= (split or len(present))
        # what a hole repeats is in the same piece, so that no state of another one is needed
        assert all(one.source is None or one.source >= piece.first for one in mine)
        found += mine
    assert sorted(one.number for one in found) == wanted
    spans = [(piece.first, piece.last) for piece in pieces]
    assert [one.number for one in targets_in(spans, segments, targets)] == wanted


@given(plates, cuts, st.integers(1, 9))
def test_pieces_start_a_fixed_number_of_frames_into_the_segment(
    present: list[int], starts: set[int], split: int
) -> None:
    segments = records(present, starts)
    for piece in cut_pieces("sh010", segments, present, present, split):
        first = segments[piece.segment].first
        assert sum(first <= number < piece.first for number in present) % split == 0


names = st.text("ab#%._ é", min_size=1, max_size=5).filter(lambda name: set(name) - set(". "))
places = st.lists(names, max_size=4)


@given(places, places)
def test_a_path_comes_back_from_its_root(folder: list[str], file: list[str]) -> None:
    root, path = Path("/show", *folder), Path("/show", *file)
    text = relative_text(path, root)
    assert not text.startswith("/")
    assert Roots(plates=root, out=Path("/out")).plate(text) == str(path)
    moved = Roots(plates=Path("/mnt/other", *folder), out=Path("/out")).plate(text)
    assert moved == str(Path("/mnt/other", *file))
