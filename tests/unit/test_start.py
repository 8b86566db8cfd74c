"""Being told to stop while the program itself is still being imported."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
# Stands in for the first thing that the command line imports, on a share that is slow.
SLOW = "import time\nprint('importing', flush=True)\ntime.sleep(60)\n"


@pytest.fixture
def slow(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "typer.py").write_text(SLOW)
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    return dict(os.environ, PYTHONPATH=path)


@pytest.mark.parametrize(
    ("number", "words", "code", "what"),
    [
        pytest.param(signal.SIGTERM, [], 75, "Stopped by SIGTERM.", id="farm"),
        pytest.param(signal.SIGTERM, ["--on-term", "signal"], -15, "", id="by the signal"),
        pytest.param(signal.SIGTERM, ["--on-term=signal"], -15, "", id="by the signal, one word"),
        pytest.param(signal.SIGTERM, ["--on-term", "exit75"], 75, "Stopped by", id="by the code"),
        pytest.param(signal.SIGINT, ["--on-term", "signal"], 130, "Stopped.", id="ctrl-c"),
    ],
)
@pytest.mark.parametrize("start", [["-m", "robust_matte"], ["-c", "{}"]], ids=["module", "script"])
def test_a_signal_during_imports_ends_as_one_during_work(
    slow: dict[str, str], number: int, words: list[str], code: int, what: str, start: list[str]
) -> None:
    script = "import sys; from robust_matte.__main__ import main; sys.exit(main())"
    command = [sys.executable, *(word.format(script) for word in start), "key", *words]
    with subprocess.Popen(
        command, env=slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert said.startswith(what)
    assert "Traceback" not in said


def test_a_process_that_ignores_the_signal_goes_on_doing_so() -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "sys.argv = ['robust-matte', '--version']\n"
        "from robust_matte.__main__ import main\n"
        "try: main()\n"
        "finally: print(signal.getsignal(signal.SIGTERM) is signal.SIG_IGN)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split()[-1] == "True"
