"""Names of frames: what a pattern writes, it finds again."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from robust_matte.media.sequences import FramePattern, find_sequence

# What may stand in a file name everywhere; a range before the place is read as one.
bases = st.text("ab é日()[]{}+^$%#@,-_.~'0159", max_size=12).filter(
    lambda base: not base.startswith(".") and not base[-1:].isdigit()
)
numbers = st.sets(st.integers(-1200, 120000), min_size=1, max_size=12)


@given(base=bases, digits=st.integers(1, 7), frames=numbers)
@settings(max_examples=150)
def test_pattern_finds_the_files_it_names(base: str, digits: int, frames: set[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pattern = FramePattern(Path(folder), base, digits, ".exr")
        for number in frames:
            pattern.path(number).touch()
        found = find_sequence(f"{pattern.folder}/{base}%0{digits}d.exr")
        assert found.pattern == pattern
        assert found.numbers == tuple(sorted(frames))


@given(digits=st.integers(1, 7), frames=numbers)
def test_lone_hash_and_folder_find_every_file(digits: int, frames: set[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pattern = FramePattern(Path(folder), "plate.", digits, ".exr")
        for number in frames:
            pattern.path(number).touch()
        for text in (f"{folder}/plate.#.exr", folder):
            found = find_sequence(text)
            assert found.numbers == tuple(sorted(frames))
            assert {found.pattern.path(number) for number in frames} == {
                pattern.path(number) for number in frames
            }
