"""The client in the Pythons of hosts, from Nuke 14's 3.9 on, with every warning an error.

They are looked for on the PATH as `python3.9` and so on, and where pyenv keeps them.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

STUB = Path(__file__).with_name("stub_worker.py")

DRIVE = """
import json, os, sys, time
sys.path.insert(0, sys.argv[1])
from robust_matte_client import *

def run(fault, cancel_at=None, **options):
    os.environ["ROBUST_MATTE_STUB_FAULT"] = fault
    told = []
    with Worker((sys.executable, sys.argv[2]), **options) as worker:
        bake = worker.bake({"plate": sys.argv[3], "output": sys.argv[4] + fault.replace(":", "")})
        ends = time.monotonic() + 30
        while time.monotonic() < ends:
            for event in worker.wait(1):
                if isinstance(event, Frame) and event.number == cancel_at:
                    worker.cancel(bake)
                if isinstance(event, (Done, Cancelled, Failed, Ended)):
                    told.append(type(event).__name__)
            if told and told[-1] in ("Done", "Cancelled") or "Ended" in told:
                break
    return told + [type(event).__name__ for event in worker.poll()]

try:
    find_worker("/nowhere")
except WorkerMissing as error:
    assert "/nowhere" in error.what and error.hint
found = {
    "": run(""),
    "cancel": run("warn", 1002),
    "die": run("die:1002"),
    "garbage": run("garbage:1002"),
    "late": run("never-ready", ready_s=0.5),
}
os.environ["ROBUST_MATTE_STUB_FAULT"] = ""
left = Worker((sys.executable, sys.argv[2]))
left.start()
print(json.dumps({"version": list(sys.version_info[:2]), "found": found}))
"""


def runs(python: str) -> bool:
    """Tell whether a Python starts; pyenv puts some on the PATH that do not."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def found_python(version: str) -> Path | None:
    """Return a Python of a version that starts."""
    inside = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    beside = [str(path) for path in sorted(inside.glob(f"{version}.*/bin/python"))]
    for name in [shutil.which(f"python{version}"), *beside]:
        if name and runs(name):
            return Path(name)
    return None


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.13", "3.14"])
def test_client_works_in_the_pythons_of_hosts(root: Path, tmp_path: Path, version: str) -> None:
    python = found_python(version)
    if python is None:
        pytest.skip(f"no Python {version} is on the PATH or in pyenv's folder")
    for number in range(1001, 1006):
        (tmp_path / f"plate.{number}.exr").touch()
    places = [root / "nodes" / "client", STUB, tmp_path / "plate.####.exr", tmp_path / "out"]
    done = subprocess.run(
        [python, "-X", "dev", "-W", "error", "-B", "-c", DRIVE, *places],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["version"] == [int(part) for part in version.split(".")]
    assert told["found"] == {
        "": ["Done", "Ended"],
        "cancel": ["Cancelled", "Ended"],
        "die": ["Failed", "Ended"],
        "garbage": ["Failed", "Done", "Ended"],
        "late": ["Failed", "Failed", "Ended"],
    }
