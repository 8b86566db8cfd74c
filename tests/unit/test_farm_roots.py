"""Where plates and results are, here and on other machines."""

import os
from pathlib import Path

import pytest

from robust_matte.errors import InputError, SettingsError
from robust_matte.farm.roots import Roots, parse_roots, relative_text


def test_roots_are_beside_the_plan_wherever_it_is(tmp_path: Path) -> None:
    for place in ("a", "b/c"):
        (tmp_path / place / "out").mkdir(parents=True)
        (tmp_path / place / "plates").mkdir()
        roots = Roots.of_plan(tmp_path / place / "out" / "plan.json", "../plates", {})
        assert roots == Roots(tmp_path / place / "plates", tmp_path / place / "out")
        assert roots.plate("sh010/a.####.exr") == str(tmp_path / place / "plates/sh010/a.####.exr")
        assert roots.output("sh010/b.####.exr") == str(tmp_path / place / "out/sh010/b.####.exr")
        assert roots.plate("../masks/m.exr") == str(tmp_path / place / "masks" / "m.exr")


def test_a_relative_plan_is_of_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    assert Roots.of_plan(Path("plan.json"), "..", {}) == Roots(tmp_path, tmp_path / "out")


def test_moved_roots_count(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    moved = parse_roots([f"plates={tmp_path}", f"out={tmp_path / 'elsewhere'}"])
    roots = Roots.of_plan(Path("/gone/plan.json"), "../plates", moved)
    assert roots == Roots(tmp_path, tmp_path / "elsewhere")


def test_a_root_that_is_not_mounted_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Roots.of_plan(tmp_path / "plan.json", "plates", {})
    assert (
        caught.value.what
        == f"The root plates is to be {tmp_path}/plates, where there is no folder."
    )
    assert "--root plates=PATH" in caught.value.hint


@pytest.mark.parametrize(
    ("texts", "what"),
    [
        pytest.param(["plates"], 'The root "plates" cannot be understood.', id="no path"),
        pytest.param(["plates="], 'The root "plates=" cannot be understood.', id="empty"),
        pytest.param(["masks=/a"], 'The root "masks=/a" cannot be understood.', id="unknown"),
        pytest.param(["out=/a", "out=/b"], "The root out is said twice.", id="twice"),
    ],
)
def test_other_roots_are_refused(texts: list[str], what: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_roots(texts)
    assert caught.value.what == what
    assert caught.value.hint


@pytest.mark.skipif(os.name == "nt", reason="they are this machine's own there")
@pytest.mark.parametrize("place", ["Z:\\show", "z:/show", "\\\\server\\show"])
def test_paths_of_windows_are_refused(place: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_roots([f"plates={place}"])
    assert caught.value.what == f"The root plates is to be {place}, which is a path of Windows."


def test_a_path_may_hold_an_equals_sign() -> None:
    assert parse_roots(["out=/a=b"]) == {"out": Path("/a=b")}


def test_ways_up_are_kept(tmp_path: Path) -> None:
    assert relative_text(tmp_path / "masks" / "m.exr", tmp_path / "plates") == "../masks/m.exr"
    assert relative_text(tmp_path, tmp_path) == "."
