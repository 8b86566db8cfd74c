"""Set Robust Matte up on a bare Python and run it: the two commands of the README.

This file only looks at the Python that runs it, so it keeps to what Python 2.7 and 3.14 both parse;
all the work is in `launcher.py`, which is read only after that.
"""
# pathlib and [*a, b] came after Python 2.7
# ruff: noqa: PTH100, PTH120, PTH123, RUF005

import os
import subprocess
import sys

TESTED = ((3, 11), (3, 12), (3, 13))  # VFX Reference Platform CY2024 to CY2026
NEWEST = (3, 14)  # has wheels of torch, is not tested by us
EXIT_HOST = 7


def dotted(version):  # type: (tuple[int, ...]) -> str
    """Return a version as it is spoken of: `3.11`."""
    return ".".join(str(part) for part in version[:2])


def answers(command):  # type: (list[str]) -> bool
    """Tell whether a Python starts; pyenv puts names on PATH that only print an error."""
    with open(os.devnull, "w") as nowhere:
        try:
            return subprocess.call(command + ["-c", ""], stdout=nowhere, stderr=nowhere) == 0
        except OSError:
            return False


def usable_pythons():  # type: () -> list[str]
    """Return the commands on this machine that start a tested Python, e.g. `python3.11`."""
    if os.name == "nt":
        candidates = [["py", "-" + dotted(version)] for version in TESTED]
    else:
        candidates = [["python" + dotted(version)] for version in TESTED]
    return [" ".join(command) for command in candidates if answers(command)]


def refusal(version, arguments):  # type: (tuple[int, ...], list[str]) -> str
    """Return why this Python will not do and which command would."""
    names = [dotted(tested) for tested in TESTED]
    wanted = ", ".join(names[:-1]) + " or " + names[-1]
    age = "old" if version < TESTED[0] else "new"
    who = "Python " + dotted(version) + " (" + sys.executable + ")"
    what = who + " is too " + age + ": Robust Matte needs " + wanted + "."
    words = ['"' + word + '"' if " " in word else word for word in [sys.argv[0]] + arguments]
    script = " ".join(words)
    found = usable_pythons()
    if found:
        lines = [what, "This machine has one that fits:"]
        return "\n".join(lines + ["    " + command + " " + script for command in found])
    hint = "Install one from https://www.python.org/downloads or your system's packages, then run:"
    return "\n".join([what, hint, "    python" + dotted(TESTED[0]) + " " + script])


def main(arguments):  # type: (list[str]) -> int
    """Refuse a Python that cannot work, else hand over to the launcher."""
    version = tuple(sys.version_info[:2])
    if version < TESTED[0] or version > NEWEST:
        sys.stderr.write(refusal(version, arguments) + "\n")
        return EXIT_HOST
    if version not in TESTED:
        sys.stderr.write("Python " + dotted(version) + " is not tested yet; going on.\n")
    # python -I leaves this folder out
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import launcher

    return launcher.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
