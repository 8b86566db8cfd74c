"""Sequences on disk: every way of naming one, and names that mislead.

tmp_path/
└── plate/     empty files; a sequence is found by its names alone
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from robust_matte.errors import InputError, SettingsError
from robust_matte.media.sequences import FramePattern, find_sequence, frame_ranges, is_pattern

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make empty files in a folder and return the folder."""

    def files(names: Iterable[str], folder: str = "plate") -> Path:
        path = tmp_path / folder
        path.mkdir(parents=True, exist_ok=True)
        for name in names:
            (path / name).touch()
        return path

    return files


def _frames(base: str, numbers: Iterable[int], suffix: str = ".exr") -> list[str]:
    return [f"{base}{number:04d}{suffix}" for number in numbers]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("plate.####.exr", id="hashes"),
        pytest.param("plate.%04d.exr", id="printf"),
        pytest.param("plate.@@@@.exr", id="at signs"),
        pytest.param("plate.$F4.exr", id="Houdini"),
        pytest.param("plate.#.exr", id="any padding"),
        pytest.param("plate.1001-1003#.exr", id="range"),
        pytest.param("plate.1001-1003####.exr", id="range and digits"),
        pytest.param("plate.1001-1003%04d.exr", id="range and printf"),
        pytest.param("", id="folder"),
    ],
)
def test_sequence_is_found_however_it_is_named(name: str, make: Make) -> None:
    folder = make(_frames("plate.", (1003, 1001, 1002)))
    found = find_sequence(str(folder / name))
    assert found.numbers == (1001, 1002, 1003)
    assert found.expected == (1001, 1003)
    assert found.pattern == FramePattern(folder, "plate.", 4, ".exr")


@pytest.mark.parametrize("padding", ["####", "%04d", "#"])
@pytest.mark.parametrize(
    "base",
    [
        *("my plate.", "плёнка é 日本.", "a.b.c.", "x_", "x", "", "shot010_v003.", "A001_C002-"),
        *("100%_plate.", "100%d.", "a%04d_", "plate[1].", "[a]plate.", "(x){1}+^$.", "it's."),
        *("sh#1.", "me@home.", "$F.", "<UDIM>.", "take1-2_", "sh.1001-1005.", "a,b.", "x1,2-"),
    ],
)
def test_name_may_hold_anything(base: str, padding: str, make: Make) -> None:
    folder = make(_frames(base, (1001, 1002)))
    found = find_sequence(str(folder / f"{base}{padding}.exr"))
    assert found.numbers == (1001, 1002)
    assert all(found.pattern.path(number).is_file() for number in found.numbers)
    assert find_sequence(str(folder)) == found


@pytest.mark.parametrize("folder", ["sh#010", "####", "a%04d", "@ [1] {x} é", "1001-1100#", "v.1"])
def test_folder_may_be_called_anything(folder: str, make: Make) -> None:
    path = make(_frames("plate.", (1, 2)), folder)
    for text in (path, path / "plate.####.exr", path / "plate.1-2#.exr"):
        assert find_sequence(str(text)).numbers == (1, 2)


@pytest.mark.skipif(os.name == "nt", reason="these cannot be names on Windows")
@pytest.mark.parametrize("base", ["a*b.", "a?b.", "a:b.", "a|b."])
def test_name_may_hold_what_shells_expand(base: str, make: Make) -> None:
    folder = make([*_frames(base, (1, 2)), "aXb.0003.exr"])
    assert find_sequence(str(folder / f"{base}####.exr")).numbers == (1, 2)


@pytest.mark.parametrize(
    ("digits", "numbers"),
    [
        pytest.param(4, range(998, 1003), id="0998-1002"),
        pytest.param(3, range(98, 103), id="098-102"),
        pytest.param(6, range(8, 13), id="000008-000012"),
        pytest.param(5, range(9998, 10003), id="09998-10002"),
        pytest.param(1, range(8, 13), id="8-12"),
        pytest.param(3, range(998, 1003), id="998-1002"),
        pytest.param(4, range(9998, 10003), id="9998-10002"),
        pytest.param(4, range(-2, 3), id="across zero"),
    ],
)
def test_lone_hash_takes_the_padding_on_disk(digits: int, numbers: range, make: Make) -> None:
    folder = make(f"plate.{number:0{digits}d}.exr" for number in numbers)
    for name in ("plate.#.exr", f"plate.{numbers[1]}-{numbers[-1]}#.exr", ""):
        found = find_sequence(str(folder / name))
        assert found.numbers == tuple(numbers)[1 if "-" in name and name[6] != "#" else 0 :]
        assert found.pattern.digits == digits
        assert all(found.pattern.path(number).is_file() for number in found.numbers)


def test_rollover_from_9999_to_10000_is_one_sequence(make: Make) -> None:
    folder = make(_frames("plate.", range(9998, 10002)))
    found = find_sequence(str(folder / "plate.####.exr"))
    assert found.numbers == (9998, 9999, 10000, 10001)


def test_digits_are_meant(make: Make) -> None:
    """Of `q.001`, `q.0001`, `q.0002`, a pattern takes those with as many digits as it has."""
    folder = make(["q.001.exr", "q.0001.exr", "q.0002.exr", "q.10.exr"])
    assert find_sequence(str(folder / "q.###.exr")).numbers == (1,)
    assert find_sequence(str(folder / "q.####.exr")).numbers == (1, 2)
    assert find_sequence(str(folder / "q.%02d.exr")).numbers == (10,)


def test_mixed_padding_is_refused_where_none_is_named(make: Make) -> None:
    folder = make(["q.001.exr", "q.0001.exr", "q.0002.exr"])
    with pytest.raises(InputError, match=r"more than one padding .*q\.###\.exr, .*q\.####\.exr"):
        find_sequence(str(folder / "q.#.exr"))
    with pytest.raises(InputError, match=r"holds 2 image sequences: q\.####\.exr, q\.###\.exr"):
        find_sequence(str(folder))


def test_typed_range_says_what_should_be_there(make: Make) -> None:
    folder = make(_frames("plate.", (1001, 1002, 1004, 1008)))
    found = find_sequence(str(folder / "plate.1002-1006#.exr"))
    assert found.numbers == (1002, 1004)
    assert found.expected == (1002, 1006)


def test_typed_step_makes_a_plate_of_every_nth_frame(make: Make) -> None:
    folder = make(_frames("plate.", (1001, 1002, 1003, 1005, 1006)))
    found = find_sequence(str(folder / "plate.1001-1007x2#.exr"))
    assert found.numbers == (1001, 1003, 1005)
    assert (found.expected, found.step) == ((1001, 1007), 2)


@pytest.mark.parametrize(
    ("names", "asked", "hint"),
    [
        pytest.param(
            [*_frames("sh010.beauty.", (1, 2)), *_frames("sh010.depth.", (1, 2))],
            "sh010.beatuy.####.exr",
            "digits: sh010.beauty.####.exr and sh010.depth.####.exr are there.",
            id="a pattern",
        ),
        pytest.param(
            _frames("sh010.", (1, 2)),
            "sh010.######.exr",
            "Check the name and its number of digits: sh010.####.exr is there.",
            id="too many digits",
        ),
        pytest.param(
            ["portrait.png"], "potrait.png", "Check the name: portrait.png is there.", id="a still"
        ),
        pytest.param(
            ["plate_v002.png"], "plate_v02.png", "Check the name: plate_v002.png is there.", id="v"
        ),
        pytest.param(
            ["interview_540"], "intervew_540", "name: interview_540 is there.", id="a number"
        ),
        pytest.param(["shot_12.png"], "shto_12.png", "name: shot_12.png is there.", id="alone"),
        pytest.param(["a.png"], "xyzzy.exr", "looks alike.", id="nothing like it"),
        pytest.param([".hidden.exr"], "hidden.exr", "looks alike.", id="a hidden file"),
    ],
)
def test_what_was_perhaps_meant_is_named(
    names: list[str], asked: str, hint: str, make: Make
) -> None:
    with pytest.raises(InputError) as caught:
        find_sequence(str(make(names) / asked))
    assert caught.value.hint.endswith(hint)


def test_the_folder_that_was_perhaps_meant_is_named(make: Make) -> None:
    folder = make(_frames("plate.", (1, 2)))
    (folder / "sh010").mkdir()
    with pytest.raises(InputError) as caught:
        find_sequence(str(folder / "sh001" / "deep" / "plate.####.exr"))
    assert caught.value.hint == f"Check the folder: {folder / 'sh010'} is there."
    with pytest.raises(InputError) as caught:
        find_sequence(str(folder / "xyz" / "plate.####.exr"))
    assert caught.value.hint == f"Check the folder: {folder / 'xyz'} is not there."


def test_typed_range_may_be_negative(make: Make) -> None:
    folder = make(_frames("plate.", range(-3, 3)))
    found = find_sequence(str(folder / "plate.-2-1####.exr"))
    assert found.numbers == (-2, -1, 0, 1)
    assert found.expected == (-2, 1)


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        pytest.param(
            "plate.100-200#.exr", InputError, "no frame in 100-200: it holds 1-3", id="off"
        ),
        pytest.param(
            "other.####.exr", InputError, r"No file matches .*other\.####\.exr", id="name"
        ),
        pytest.param("plate.###.exr", InputError, r"number of digits", id="digits"),
        pytest.param("plate.####.EXR", InputError, "No file matches", id="case of the suffix"),
        pytest.param("no/plate.####.exr", InputError, "No file matches", id="no folder"),
        pytest.param(
            "plate.0001.exr/x.####.exr", InputError, "No file matches", id="file as folder"
        ),
        pytest.param("plate.exr", InputError, r"no file or folder .*plate\.exr", id="still"),
        pytest.param("plate.1-9x0#.exr", SettingsError, "frames 1-9x0 of plate", id="step zero"),
        pytest.param(
            "plate.1-1000000000#.exr", SettingsError, "cannot be understood", id="endless"
        ),
    ],
)
def test_what_is_not_there_is_told(
    name: str, error: type[Exception], said: str, make: Make
) -> None:
    folder = make(_frames("plate.", (1, 2, 3)))
    with pytest.raises(error, match=said) as caught:
        find_sequence(str(folder / name))
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("name", "base", "digits", "number"),
    [
        pytest.param("plate.exr", "plate", 0, 1, id="no number"),
        pytest.param("plate.1001.exr", "plate.", 4, 1001, id="dot"),
        pytest.param("plate_0007.exr", "plate_", 4, 7, id="underscore"),
        pytest.param("plate7.exr", "plate", 1, 7, id="nothing between"),
        pytest.param("plate-003.exr", "plate-", 3, 3, id="dash"),
        pytest.param("plate.-003.exr", "plate.", 4, -3, id="negative"),
        pytest.param("1001.exr", "", 4, 1001, id="number alone"),
        pytest.param("plate_v002.exr", "plate_v002", 0, 1, id="version"),
        pytest.param("plate_V2.exr", "plate_V2", 0, 1, id="Version"),
        pytest.param("plate_v002.1001.exr", "plate_v002.", 4, 1001, id="version and number"),
        pytest.param("plate_4K.exr", "plate_4K", 0, 1, id="number inside"),
    ],
)
def test_one_still_is_a_plate_of_one_frame(
    name: str, base: str, digits: int, number: int, make: Make
) -> None:
    folder = make([name])
    found = find_sequence(str(folder / name))
    assert found.pattern == FramePattern(folder, base, digits, ".exr")
    assert (found.numbers, found.expected) == ((number,), (number, number))
    assert found.pattern.path(number) == folder / name
    assert find_sequence(str(folder)) == found


def test_digits_of_another_script_are_part_of_the_name(make: Make) -> None:
    still = make(["plate٣.exr"]) / "plate٣.exr"
    found = find_sequence(str(still))
    assert found.pattern.path(found.numbers[0]) == still


def test_still_of_a_sequence_is_that_frame_alone(make: Make) -> None:
    folder = make(_frames("plate.", range(1001, 1005)))
    assert find_sequence(str(folder / "plate.1002.exr")).numbers == (1002,)


def test_dash_before_the_number_is_no_sign(make: Make) -> None:
    """fileseq takes these for -3, -2, -1, and the plate would be keyed backwards."""
    folder = make(_frames("render-", (1, 2, 3), ".png"))
    found = find_sequence(str(folder))
    assert found.numbers == (1, 2, 3)
    assert found == find_sequence(str(folder / "render-####.png"))


def test_negative_frames_come_first(make: Make) -> None:
    folder = make(_frames("plate.", (-2, -1)))
    for text in (folder, folder / "plate.####.exr"):
        found = find_sequence(str(text))
        assert found.numbers == (-2, -1)
        assert found.pattern.path(-2).name == "plate.-002.exr"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        pytest.param([], "holds no EXR, TIFF, PNG, DPX or JPEG files", id="empty"),
        pytest.param(["notes.txt"], "holds no EXR, TIFF, PNG, DPX or JPEG files", id="no image"),
        pytest.param(["clip.mov"], r"Name the movie to key, such as .*clip\.mov", id="movie"),
        pytest.param(["a.png", "b.png"], r"holds 2 image sequences: a\.png, b\.png", id="stills"),
        pytest.param(
            [*_frames("bg.", (1, 2)), *_frames("fg.", (1, 2))],
            r"holds 2 image sequences: bg\.####\.exr, fg\.####\.exr",
            id="two",
        ),
        pytest.param(
            [*_frames("p.", (1, 2)), *_frames("p.", (1, 2), ".jpg")],
            r"p\.####\.exr, p\.####\.jpg",
            id="two formats",
        ),
        pytest.param(
            [f"{letter}.png" for letter in "abcdefgh"],
            r"holds 8 image sequences: a\.png, b\.png, c\.png, d\.png, e\.png, \.\.\.\.$",
            id="many",
        ),
    ],
)
def test_folder_must_hold_one_sequence(names: list[str], said: str, make: Make) -> None:
    folder = make(names)
    with pytest.raises(InputError) as caught:
        find_sequence(str(folder))
    assert str(folder) in caught.value.what
    assert caught.value.path == folder
    caught.match(said.removesuffix("$"))


def test_folder_may_hold_other_things(make: Make) -> None:
    other = [".DS_Store", "._plate.0001.exr", ".plate.0001.exr.part", "notes.txt", "Thumbs.db"]
    folder = make([*_frames("plate.", (1, 2)), *other])
    (folder / "plate_matte").mkdir()
    assert find_sequence(str(folder)).numbers == (1, 2)


def test_words_after_the_number_are_kept(make: Make) -> None:
    folder = make(_frames("plate.", (1, 2), ".beauty.exr"))
    found = find_sequence(str(folder))
    assert found.numbers == (1, 2)
    assert found.pattern.path(2) == folder / "plate.0002.beauty.exr"
    assert found == find_sequence(str(folder / "plate.####.beauty.exr"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may list every folder")
def test_folder_that_may_not_be_listed_is_told(make: Make) -> None:
    folder = make(_frames("plate.", (1, 2)))
    folder.chmod(0o100)
    try:
        with pytest.raises(InputError, match="cannot be listed: Permission denied"):
            find_sequence(str(folder / "plate.####.exr"))
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize(
    ("base", "stem", "separator"),
    [
        pytest.param("plate.", "plate", ".", id="dot"),
        pytest.param("plate_v002_", "plate_v002", "_", id="underscore"),
        pytest.param("plate - ", "plate", " - ", id="blanks"),
        pytest.param("plate", "plate", ".", id="nothing"),
        pytest.param("", "", ".", id="no name"),
        pytest.param("._", "._", ".", id="separators alone"),
    ],
)
def test_stem_and_separator_of_a_name(base: str, stem: str, separator: str) -> None:
    pattern = FramePattern(Path("x"), base, 4, ".exr")
    assert (pattern.stem, pattern.separator) == (stem, separator)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        pytest.param(
            "m/sh_matte.####.exr", FramePattern(Path("m"), "sh_matte.", 4, ".exr"), id="####"
        ),
        pytest.param("sh.1-9%03d.exr", FramePattern(Path(), "sh.", 3, ".exr"), id="range"),
        pytest.param("sh.0002.exr", FramePattern(Path(), "sh.0002", 0, ".exr"), id="one file"),
        pytest.param("sh_v002.exr", FramePattern(Path(), "sh_v002", 0, ".exr"), id="a version"),
        pytest.param("m#1/sh.exr", FramePattern(Path("m#1"), "sh", 0, ".exr"), id="folder"),
    ],
)
def test_pattern_is_split(text: str, pattern: FramePattern) -> None:
    assert FramePattern.parse(text) == pattern
    assert is_pattern(Path(text).name) is (pattern.digits > 0)


def test_pattern_without_a_number_is_one_file() -> None:
    pattern = FramePattern(Path("x"), "still", 0, ".png")
    assert pattern.path(7) == Path("x/still.png")
    assert str(pattern) == str(Path("x/still.png"))


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        pytest.param([], "", id="none"),
        pytest.param([5], "5", id="one"),
        pytest.param([3, 1, 2, 8], "1-3,8", id="unsorted"),
        pytest.param([-2, -1, 0], "-2-0", id="negative"),
    ],
)
def test_numbers_are_written_as_ranges(numbers: list[int], text: str) -> None:
    assert frame_ranges(numbers) == text
