"""A job as a JSON document, as hosts write it and `key --job` reads it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def key_job(
    show: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Run the command on a job in this process, with nothing else on its line."""
    from robust_matte.cli.app import main

    def run(*words: str) -> Any:
        line = ["robust-matte", "key", "--job", "job.json", "--progress", "plain", *words]
        monkeypatch.setattr(sys, "argv", line)
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        code = end.value.code
        return show.told(code if isinstance(code, int) else 0, capsys.readouterr().err)

    return run


def good(show: Any) -> dict[str, Any]:
    show.frames()
    usual = {"threads": 1, "cuts": "off", "contact_sheet": "none"}
    names = {"plate": "plate/shot.####.exr", "output": "out", "model": "weights.safetensors"}
    return names | usual


def text_of(**values: Any) -> Callable[[Any], str]:
    return lambda show: json.dumps(good(show) | values)


def absent(show: Any) -> None:  # noqa: ARG001
    return None


JOBS = [
    pytest.param(text_of(), [], id="a job with relative paths"),
    pytest.param(text_of(), ["--threads", "1"], id="a job, and a flag that says how it runs"),
    pytest.param(absent, [], id="a job file that is not there"),
    pytest.param(lambda _: "plate = 3", [], id="a job that is no JSON"),
    pytest.param(lambda _: '["plate"]', [], id="a job that is a list"),
    pytest.param(lambda _: '{"plate": "a.exr", "plate": "b.exr"}', [], id="a job with two plates"),
    pytest.param(lambda _: '{"plate": "a.exr", "gain": NaN}', [], id="a job with a NaN"),
    pytest.param(lambda _: '{"plate": "\\ud800"}', [], id="a job with half a character"),
    pytest.param(lambda _: "[" * 100_000, [], id="a job that is nested deeply"),
    pytest.param(lambda _: " " * (1 << 20) + "{}", [], id="a job of more than a MiB"),
    pytest.param(text_of(plaet="a"), [], id="a job with an unknown setting"),
    pytest.param(text_of(warm_up="many"), [], id="a job with a value that is none"),
    pytest.param(text_of(output=None), [], id="a job without an output"),
    pytest.param(text_of(garbage="a\0.exr"), [], id="a job with a zero byte in a name"),
    pytest.param(text_of(model="nosuch"), [], id="a job with a model of no name"),
    pytest.param(text_of(plate="absent.####.exr"), [], id="a job whose plate is not there"),
    pytest.param(text_of(), ["plate"], id="a job and a plate"),
    pytest.param(text_of(), ["--plan", "plan.json"], id="a job and a plan"),
    pytest.param(text_of(), ["--frames", "1001"], id="a job and a flag of the matte"),
]


@pytest.mark.parametrize(("write", "words"), JOBS)
def test_row(write: Any, words: list[str], show: Any, key_job: Any, check: Any) -> None:
    text = write(show)
    if text is not None:
        Path("job.json").write_text(text, "utf-8")
    told = key_job(*words)
    check(told)
    assert (show.out / "shot_matte.1003.exr").is_file() == (told.code == 0)


def test_a_name_that_no_file_can_have_is_no_model(show: Any, key_job: Any) -> None:
    Path("job.json").write_text(text_of(model="x" * 300)(show), "utf-8")
    code, what, _ = key_job().row
    assert code == 2
    assert what.endswith("x, which is neither a known name nor a file.")
