"""Programs that are started, for real: what they say is kept, logged and shown."""

import io
import sys
from pathlib import Path

import pytest
from processes import Answer, SystemRunner

TALKING = "import sys; print('first'); print('second', file=sys.stderr); sys.exit(3)"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_a_recorded_program_says_is_kept_and_logged(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("before\n", "utf-8")
    answer = SystemRunner().record([sys.executable, "-u", "-c", TALKING], log)
    assert answer == Answer(3, "first\nsecond\n")
    lines = log.read_text("utf-8").splitlines()
    assert lines[:2] == ["before", ""]
    assert lines[2].startswith(f"$ {sys.executable} -u -c ")
    assert lines[3:] == ["first", "second"]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_only_a_terminal_shows_the_latest_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    shown = Terminal() if is_terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("COLUMNS", "7")
    SystemRunner().record([sys.executable, "-u", "-c", TALKING], tmp_path / "log.txt")
    lines = ["first ", "second", "      "]  # cut to the width, and cleared in the end
    assert shown.getvalue() == ("".join(f"\r{line}\r" for line in lines) if is_terminal else "")
