"""Mistakes in the command line: what is said of each, for commands and for commands of commands."""

import sys

import pytest

from robust_matte.cli.app import main

CASES = [
    pytest.param(
        ["kye"],
        "robust-matte has no command kye.",
        "key looks like it; robust-matte --help lists them.",
        id="a misspelt command",
    ),
    pytest.param(
        ["xyzzy"],
        "robust-matte has no command xyzzy.",
        "robust-matte --help lists them.",
        id="a command like no other",
    ),
    pytest.param(
        ["weights", "fetsh"],
        "robust-matte weights has no command fetsh.",
        "fetch looks like it; robust-matte weights --help lists them.",
        id="a misspelt command of a command",
    ),
    pytest.param(
        ["--colour"],
        "robust-matte has no flag --colour.",
        "robust-matte --help lists the flags.",
        id="a flag of no command",
    ),
    pytest.param(
        ["key", "p", "--over-write"],
        "robust-matte key has no flag --over-write.",
        "--overwrite looks like it; robust-matte key --help lists the flags.",
        id="a misspelt flag",
    ),
    pytest.param(
        ["key"],
        "PLATE is missing.",
        "robust-matte key --help shows how to write it.",
        id="no argument",
    ),
    pytest.param(
        ["key", "my", "plate (1).exr"],
        "robust-matte key has no use for plate (1).exr.",
        "Give it one thing at a time, with quotes around names with spaces, * or $.",
        id="a name without quotes",
    ),
]


def run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(sys, "argv", ["robust-matte", *words])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


@pytest.mark.parametrize(("words", "what", "hint"), CASES)
def test_mistake_is_two_sentences_and_code_2(
    words: list[str],
    what: str,
    hint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(words, monkeypatch) == 2
    assert capsys.readouterr().err.splitlines() == [what, hint]


def test_no_command_shows_the_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([], monkeypatch) == 2
    told = capsys.readouterr()
    assert "Usage: robust-matte" in told.out + told.err


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_asking_is_no_mistake(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run([word], monkeypatch) in (0, None)
