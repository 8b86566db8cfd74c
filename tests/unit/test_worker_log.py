"""The worker's log: in a file of bounded size, and never in the way."""

import logging
import os
import warnings
from pathlib import Path

import pytest

from robust_matte.worker import log_file
from robust_matte.worker.log_file import default_log, logging_to, remove_old_logs

log = logging.getLogger("robust_matte.somewhere")


@pytest.mark.filterwarnings("always")
def test_what_is_logged_goes_to_stderr_and_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "logs" / "worker.log"
    with logging_to(file):
        log.info("begun")
        log.debug("in detail")
        logging.getLogger("elsewhere").info("of another library")
        warnings.warn("it is deprecated", DeprecationWarning, stacklevel=1)
    log.info("after the end")
    text = file.read_text("utf-8")
    for said in (text, capsys.readouterr().err):
        assert "begun" in said
        assert "it is deprecated" in said
        assert "detail" not in said
        assert "another library" not in said
        assert "after the end" not in said


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    root, own = logging.getLogger(), logging.getLogger("robust_matte")
    before = (list(root.handlers), own.level, warnings.showwarning, list(warnings.filters))
    with logging_to(tmp_path / "worker.log", logging.DEBUG):
        assert own.level == logging.DEBUG
    assert (list(root.handlers), own.level, warnings.showwarning, list(warnings.filters)) == before


def test_the_file_is_begun_anew_and_few_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(log_file, "_LARGEST", 2000)
    with logging_to(tmp_path / "worker.log"):
        for number in range(300):
            log.info("a line of some length, number %d", number)
    files = list(tmp_path.iterdir())
    assert len(files) == 4
    assert all(path.stat().st_size <= 2000 for path in files)
    assert "number 299" in (tmp_path / "worker.log").read_text("utf-8")
    assert capsys.readouterr().err.count("number") == 300


def test_a_file_that_cannot_be_written_is_done_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in the way").write_text("a file")
    with logging_to(tmp_path / "in the way" / "worker.log"):
        log.info("goes on")
    said = capsys.readouterr().err
    assert "no log is kept in" in said
    assert "goes on" in said


def test_the_file_is_in_the_users_folder_for_logs() -> None:
    assert "robust-matte" in default_log().parts


def test_each_worker_has_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_log().name == f"worker-{os.getpid()}.log"
    monkeypatch.setattr(os, "getpid", lambda: 7)
    assert default_log().name == "worker-7.log"


def test_the_newest_files_of_all_workers_stay(tmp_path: Path) -> None:
    for number in range(30):
        path = tmp_path / (f"worker-{number}.log" if number % 2 else f"worker-{number}.log.1")
        path.touch()
        os.utime(path, (number, number))
    others = [tmp_path / name for name in ("a.log", "worker.txt")]
    for path in others:
        path.touch()
        os.utime(path, (0, 0))
    remove_old_logs(tmp_path)
    left = {path.name.split(".")[0] for path in tmp_path.iterdir()}
    assert left == {"a", "worker", *(f"worker-{number}" for number in range(10, 30))}
    remove_old_logs(tmp_path / "absent")
