"""Where Blender is looked for, on drawn disks of each system."""

import os
from pathlib import Path

import pytest
from blender_search import Disk, find_programs, find_used_versions, program_in

STEAM = "home/Library/Application Support/Steam/steamapps/common/Blender"
LINUX = [
    "home/blender-4.5.3-linux-x64/blender",
    "home/Downloads/blender-5.2.0-linux-x64/blender",
    "home/.local/share/Steam/steamapps/common/Blender/blender",
    "home/.local/share/flatpak/exports/bin/org.blender.Blender",
    "home/blender/stable/blender-4.2.1/blender",
    "root/opt/blender-4.2/blender",
    "root/snap/bin/blender",
    "root/usr/bin/blender",
    "root/var/lib/flatpak/exports/bin/org.blender.Blender",
]
MAC = [
    "root/Applications/Blender.app/Contents/MacOS/Blender",
    "root/Applications/Blender 4.5.app/Contents/MacOS/Blender",
    "home/Applications/Blender.app/Contents/MacOS/Blender",
    f"{STEAM}/Blender.app/Contents/MacOS/Blender",
]
WINDOWS = [
    "files/Blender Foundation/Blender 4.5/blender.exe",
    "files/Blender Foundation/Blender 5.2/blender.exe",
    "x86/Steam/steamapps/common/Blender/blender.exe",
    "home/scoop/apps/blender/current/blender.exe",
]
NONE_OF_THEM = [
    "home/Downloads/blender-5.2.0-linux-x64/blender-thumbnailer",
    "home/blender-studio/readme",
    "root/usr/bin/blenderplayer",
    "path/blender-softwaregl",
]


def draw(folder: Path, names: list[str]) -> list[Path]:
    """Draw programs into a folder."""
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o755)
    return paths


def disk(folder: Path, system: str) -> Disk:
    variables = {"PATH": f"{folder / 'path'}{os.pathsep}{folder / 'absent'}"}
    if system == "win32":
        places = {"ProgramFiles": "files", "ProgramFiles(x86)": "x86", "USERPROFILE": "home"}
        variables |= {name: str(folder / place) for name, place in places.items()}
    return Disk(system=system, home=folder / "home", root=folder / "root", variables=variables)


@pytest.mark.parametrize(
    ("system", "names"),
    [
        pytest.param("linux", LINUX, id="Linux"),
        pytest.param("darwin", MAC, id="macOS"),
        pytest.param("win32", WINDOWS, id="Windows"),
    ],
)
def test_usual_places_are_looked_at(tmp_path: Path, system: str, names: list[str]) -> None:
    wanted = draw(tmp_path, names)
    draw(tmp_path, NONE_OF_THEM)
    assert set(find_programs(disk(tmp_path, system))) == set(wanted)


def test_path_comes_first_and_links_count_once(tmp_path: Path) -> None:
    draw(
        tmp_path,
        ["root/opt/blender-4.5/blender", "root/opt/blender-4.2/blender", "path/blender-5.2"],
    )
    (tmp_path / "path" / "blender").symlink_to(tmp_path / "root/opt/blender-4.5/blender")
    found = find_programs(disk(tmp_path, "linux"))
    names = ["path/blender", "path/blender-5.2", "root/opt/blender-4.2/blender"]
    assert found == [tmp_path / name for name in names]


def test_two_snaps_are_two_though_both_link_to_snap(tmp_path: Path) -> None:
    (snap,) = draw(tmp_path, ["root/usr/bin/snap"])
    links = [tmp_path / "path/blender-4.2", tmp_path / "root/snap/bin/blender"]
    for link in links:
        link.parent.mkdir(parents=True)
        link.symlink_to(snap)
    assert find_programs(disk(tmp_path, "linux")) == links


def test_a_file_that_cannot_be_run_is_none(tmp_path: Path) -> None:
    (path,) = draw(tmp_path, ["root/usr/bin/blender"])
    path.chmod(0o644)
    assert find_programs(disk(tmp_path, "linux")) == []


@pytest.mark.parametrize(
    ("system", "place"),
    [
        pytest.param("linux", "home/.config/blender", id="Linux"),
        pytest.param("linux", "home/.var/app/org.blender.Blender/config/blender", id="flatpak"),
        pytest.param("darwin", "home/Library/Application Support/Blender", id="macOS"),
    ],
)
def test_versions_that_were_run_are_known_by_their_folders(
    tmp_path: Path, system: str, place: str
) -> None:
    for name in ("4.5", "5.2", "notes"):
        (tmp_path / place / name).mkdir(parents=True)
    found = find_used_versions(disk(tmp_path, system))
    assert found == {one: tmp_path / place / one for one in ("4.5", "5.2")}


@pytest.mark.parametrize(
    ("named", "program"),
    [
        pytest.param("a/blender", "a/blender", id="the program"),
        pytest.param("a", "a/blender", id="its folder"),
        pytest.param("Blender.app", "Blender.app/Contents/MacOS/Blender", id="its app"),
        pytest.param("empty", "empty", id="a folder without it"),
    ],
)
def test_program_is_found_in_what_is_named(tmp_path: Path, named: str, program: str) -> None:
    draw(tmp_path, ["a/blender", "Blender.app/Contents/MacOS/Blender"])
    (tmp_path / "empty").mkdir()
    assert program_in(tmp_path / named) == tmp_path / program
