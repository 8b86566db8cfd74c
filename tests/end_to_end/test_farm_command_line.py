"""The farm's verbs as they are typed: what they print, and their exit codes.

tmp_path/plates/a/, b/   two shots of two frames
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from robust_matte.cli.app import main

Typed = tuple[int, str, str]


@pytest.fixture
def plates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        (tmp_path / "plates" / name).mkdir(parents=True)
        for number in (1, 2):
            path = str(tmp_path / "plates" / name / f"{name}.{number:04d}.exr")
            image = oiio.ImageOutput.create(path)
            assert image is not None
            assert image.open(path, oiio.ImageSpec(64, 48, 3, "half"))
            assert image.write_image(np.full((48, 64, 3), 0.2 * number, np.float32))
            image.close()
    return tmp_path / "plates"


@pytest.fixture
def typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Typed]:
    """Run a command in this process; returns exit code, stdout and stderr."""

    def run(line: str, *words: Any) -> Typed:
        given = ["robust-matte", *line.split(), *map(str, words), "--progress", "none"]
        monkeypatch.setattr(sys, "argv", given)
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        told = capsys.readouterr()
        return (caught.value.code if isinstance(caught.value.code, int) else 0, told.out, told.err)

    return run


@pytest.mark.usefixtures("plates")
def test_two_shots_from_plan_to_frames(tmp_path: Path, typed: Any) -> None:
    usual = "plan plates -o out --model draft --threads 1 --cuts off"
    code, out, err = typed(f"{usual} --bins 2 --split states:1")
    assert (code, err) == (0, "")
    rows = dict(line.split("  ", 1) for line in out.splitlines() if "  " in line)
    assert rows["plan"].strip() == str(tmp_path / "out" / "plan.json")
    assert rows["a"].strip() == "2 frames, 1 segment, 2 pieces  a/a_matte.####.exr"
    assert rows["bin 1"].strip() == "2 frames in 2 pieces, 50 % of the work"
    assert f"robust-matte states {tmp_path}/out/plan.json" in out
    code, out, _ = typed(f"{usual} --bins 2 --split states:1")
    assert code == 0
    assert "plan.json  (as it was)" in out
    assert typed(f"{usual} --bins 3 --split states:1")[0] == 0  # nothing was keyed yet
    code, out, err = typed("states out/plan.json --threads 1")
    assert (code, err) == (0, "")
    assert out.count("1 states written") == 2
    assert "1 there already" in typed("states out/plan.json --bin 1/3")[1]
    for number in range(3):
        code, out, err = typed(f"key --plan out/plan.json --bin {number} --threads 1")
        assert (code, err) == (0, "")
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.exr")) == [
        *("a_matte.0001.exr", "a_matte.0002.exr", "b_matte.0001.exr", "b_matte.0002.exr")
    ]
    code, _, err = typed(f"{usual} --bins 2 --split states:1")
    assert code == 6
    assert "is in use, and differs from what is asked now in --bins: it has 3, not 2." in err
    code, _, err = typed("key --plan out/plan.json --bin 0 --model mobilenetv3")
    assert code == 5


def test_shots_that_fail_are_told_each(tmp_path: Path, plates: Path, typed: Any) -> None:
    assert typed("plan plates -o out --model draft --threads 1 --cuts off --bins 1")[0] == 0
    for name in "ab":
        (plates / name / f"{name}.0002.exr").unlink()
    code, out, err = typed("key --plan out/plan.json --bin 0 --threads 1")
    assert code == 6
    first, second = (line for line in err.splitlines() if line[:3] in ("a: ", "b: "))
    assert first.startswith("b: ")  # the first one's error is the last that is told
    assert second.startswith("a: ")
    assert "Traceback" not in err
    assert not list((tmp_path / "out").rglob("*.exr"))
    assert "holds no work" not in out


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        pytest.param("key", 2, "PLATE is missing.", id="neither"),
        pytest.param("key --plan p", 2, "--plan needs either --bin or --segment.", id="no part"),
        pytest.param(
            "key --plan p --bin 0 --segment a:0",
            2,
            "--bin and --segment are both given.",
            id="two parts",
        ),
        pytest.param("key --bin 0", 2, "--bin is of a plan, and none is named.", id="no --plan"),
        pytest.param("key x --plan p --bin 0", 2, "PLATE and --plan are both named.", id="both"),
        pytest.param(
            "key --plan p --bin 0 --despill green",
            2,
            "--despill is settled in the plan.",
            id="flag",
        ),
        pytest.param(
            "key --plan p --bin 0 -o x", 2, "--output is settled in the plan.", id="short flag"
        ),
        pytest.param("key --plan p --bin 0 --device cpu", 3, "There is no plan p.", id="no plan"),
        pytest.param("states p", 3, "There is no plan p.", id="no plan of states"),
        pytest.param("plan a", 2, "--output is missing.", id="no output"),
        pytest.param(
            "plan a -o x --split states", 2, 'The split "states" cannot be understood.', id="split"
        ),
        pytest.param(
            "plan a -o x --split states:0",
            2,
            'The split "states:0" cannot be understood.',
            id="no frames",
        ),
        pytest.param("plan a -o x --bins 0", 2, 'The setting --bins cannot be "0".', id="no bins"),
        pytest.param(
            "plan a -o x --contact-sheet none",
            2,
            "robust-matte plan has no flag --contact-sheet.",
            id="shows nothing",
        ),
        pytest.param(
            "plan a -o x --root out=/", 2, "The root out is what -o names.", id="two outputs"
        ),
        pytest.param("plan gone -o x", 3, "There is no file or folder", id="no plate"),
    ],
)
def test_mistakes_are_two_sentences_and_a_code(
    typed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found, out, err = typed(line)
    assert (found, out) == (code, "")
    assert said in err
    assert len(err.splitlines()) == 2
    assert list(tmp_path.iterdir()) == []
