"""Results that no movie can be made of, and movies that cannot be made."""

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest


def result(show: Any, *, rate: Fraction | None = Fraction(24), alpha: bool = True) -> Path:
    """Write three finished frames, 24x16, and return their folder."""
    folder: Path = show.root / "result"
    folder.mkdir()
    for number in range(1001, 1004):
        letters = "RGBA" if alpha else "RGB"
        planes = {letter: np.full((16, 24), 0.25, np.float16) for letter in letters}
        header = {} if rate is None else {"framesPerSecond": rate}
        OpenEXR.File(header, planes).write(str(folder / f"shot_matte.{number}.exr"))
    return folder


def nothing(show: Any) -> list[str]:  # noqa: ARG001 - as rows are called
    return []


def hole(show: Any) -> list[str]:
    (result(show) / "shot_matte.1002.exr").unlink()
    return []


def damaged(show: Any) -> list[str]:
    path = result(show) / "shot_matte.1003.exr"
    path.write_bytes(path.read_bytes()[:-20])
    return []


def png(show: Any) -> list[str]:
    result(show)
    for path in (show.root / "result").iterdir():
        path.unlink()
    show.frame(1001, name="shot_matte", ending="png").rename(
        show.root / "result" / "shot_matte.1001.png"
    )
    return []


def plate(show: Any) -> list[str]:
    result(show, alpha=False)
    return []


def no_rate(show: Any) -> list[str]:
    result(show, rate=None)
    return []


def other_file(show: Any) -> list[str]:
    result(show)
    (show.root / "shot.mov").write_bytes(b"another take")
    return []


def own_frame(show: Any) -> list[str]:
    return ["-o", str(result(show) / "shot_matte.1001.exr")]


def with_flags(*flags: str) -> Callable[[Any], list[str]]:
    def prepare(show: Any) -> list[str]:
        result(show)
        return list(flags)

    return prepare


ASSEMBLE = [
    pytest.param(nothing, id="a result that is not there"),
    pytest.param(hole, id="a result with a hole"),
    pytest.param(damaged, id="a result with a damaged frame"),
    pytest.param(png, id="a result as PNG"),
    pytest.param(plate, id="frames without alpha"),
    pytest.param(no_rate, id="frames without a rate"),
    pytest.param(other_file, id="another file in the movie's place"),
    pytest.param(own_frame, id="a movie named like a frame"),
    pytest.param(with_flags("-o", "shot.mp4"), id="a movie that ends in .mp4"),
    pytest.param(with_flags("--fps", "film"), id="a rate in words"),
    pytest.param(with_flags("--frames", "1001-1003x2"), id="a movie of every second frame"),
    pytest.param(with_flags("--frames", "1-10"), id="a movie of frames that are not there"),
    pytest.param(with_flags("--view-transform", "filmic"), id="an unknown view transform"),
    pytest.param(with_flags("--view-transform", "ACEScg"), id="a movie in scene-linear light"),
    pytest.param(with_flags("--alpha", "black"), id="an unknown kind of alpha"),
]


@pytest.mark.parametrize("prepare", ASSEMBLE)
def test_row(
    prepare: Callable[[Any], list[str]],
    show: Any,
    check: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from robust_matte.cli.app import main

    flags = prepare(show)
    usual = [] if "-o" in flags else ["-o", "shot.mov"]
    words = [
        "robust-matte",
        "assemble",
        str(show.root / "result"),
        *usual,
        *flags,
        "--progress",
        "none",
    ]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as end:
        main()
    check(show.told(end.value.code, capsys.readouterr().err))
    assert not list(show.root.glob("*.mp4"))
