"""Stdout for one writer alone: what Python, C and child processes print goes to stderr."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from robust_matte.jobs.private_stdout import PrivateStdout

STRAY = """
import ctypes, os, subprocess, sys, warnings
from robust_matte.jobs.private_stdout import PrivateStdout

libc = ctypes.CDLL("ucrtbase" if os.name == "nt" else None)
libc.puts(b"C, before")
print("Python, before")
kept_by_a_library = sys.stdout
out = PrivateStdout()
libc.puts(b"C, held until the end")
print("Python")
print("Python, by an old name", file=kept_by_a_library)
os.write(1, b"descriptor\\n")
subprocess.run([sys.executable, "-c", "print('child')"], check=True)
warnings.warn("warned")
out.line("mine")
out.line("also\\nmine\\rand \\udcff")
os.write(1, b"late\\n")
"""


def _buffered(root: Path) -> dict[str, str]:
    """Return an environment in which stdout is buffered, as it is on a farm."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return kept | {"PYTHONPATH": str(root / "plugin")}


def test_only_its_own_lines_are_on_stdout(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STRAY],
        capture_output=True,
        text=True,
        env=_buffered(root),
        check=True,
    )
    assert sorted(done.stdout.splitlines()[:2]) == ["C, before", "Python, before"]
    assert done.stdout.splitlines()[2:] == ["mine", "also mine and \\udcff"]
    for stray in ("C, held until the end", "Python", "by an old name", "descriptor", "child"):
        assert stray in done.stderr
    assert "warned" in done.stderr
    assert "late" in done.stderr


def test_it_is_given_back(capfd: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    with PrivateStdout() as out:
        os.write(1, b"to stderr\n")
        out.line("to stdout")
    out.line("dropped")
    out.give_back()
    os.write(1, b"back\n")
    assert sys.stdout is before
    assert capfd.readouterr() == ("to stdout\nback\n", "to stderr\n")


def test_lines_of_threads_stay_whole(capfd: pytest.CaptureFixture[str]) -> None:
    with PrivateStdout() as out:

        def write(n: int) -> None:
            for _ in range(20):
                out.line(f"{n}" * 5000)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = capfd.readouterr().out.splitlines()
    assert sorted(lines) == sorted(f"{n}" * 5000 for n in range(4) for _ in range(20))


def test_job_goes_on_where_nobody_reads(root: Path) -> None:
    program = "from robust_matte.jobs.private_stdout import PrivateStdout\n"
    program += "out = PrivateStdout()\ninput()\n[out.line('x' * 9999) for _ in range(99)]\n"
    with subprocess.Popen(
        [sys.executable, "-c", program + "print('still here')"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_buffered(root),
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate("go\n")
    assert process.returncode == 0
    assert err == "still here\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell closes the descriptors")
@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_closed_descriptors_are_no_matter(closed: str, root: Path, tmp_path: Path) -> None:
    program = "from robust_matte.jobs.private_stdout import PrivateStdout\n"
    program += "out = PrivateStdout()\nprint('stray')\nout.line('mine')\nopen('done', 'w')"
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$1" -c "$2" {closed}', "sh", sys.executable, program],
        capture_output=True,
        text=True,
        env=_buffered(root),
        cwd=tmp_path,
        check=True,
    )
    assert (tmp_path / "done").exists()
    assert done.stdout == ("" if closed.startswith("1") else "mine\n")
