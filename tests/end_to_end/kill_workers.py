"""A process that starts workers at once: it has imported all that they need, and forks.

The tests of kills start some fifty workers; importing torch in each would take minutes. A worker is
a process of its own, with a pid and signals of its own, that runs the command line from its door.

Reads a line of JSON a worker, `{"words": [...], "out": PATH, "err": PATH}`, and prints its pid;
prints `[pid, status]` when one has ended, negative where it died by a signal. `"stdin": PATH` names
what the worker reads; it waits there for a pipe's other end.
"""

import json
import os
import select
import sys

import robust_matte.farm.keying
import robust_matte.farm.planning
import robust_matte.worker.machine
import robust_matte.worker.serving  # noqa: F401 - and with them torch, colour and codecs
from robust_matte.cli.app import main

_LOOK_EVERY_S = 0.005


def start(words: list[str], out: str, err: str, stdin: str = os.devnull) -> int:
    """Fork a worker; returns its pid, and in the worker never."""
    pid = os.fork()
    if pid:
        return pid
    os.dup2(os.open(stdin, os.O_RDONLY), 0)
    for path, number in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.argv = ["robust-matte", *words]
    main()
    raise SystemExit


def tell(what: int | list[int]) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


def serve() -> None:
    """Start workers until stdin ends, and tell of their ends at once: a zombie looks alive."""
    living: set[int] = set()
    is_open = True
    while is_open or living:
        if is_open and select.select([sys.stdin], [], [], _LOOK_EVERY_S)[0]:
            line = sys.stdin.readline()
            is_open = bool(line)
            if line:
                living.add(pid := start(**json.loads(line)))
                tell(pid)
        for pid in list(living):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                living.remove(pid)
                tell([pid, os.waitstatus_to_exitcode(status)])


if __name__ == "__main__":
    serve()
