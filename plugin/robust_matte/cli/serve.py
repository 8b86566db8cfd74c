"""`robust-matte serve`: the worker that a host starts, and talks to in lines of JSON."""

import json
import logging
from pathlib import Path
from typing import Annotated

import typer

from robust_matte.cli.speaking import worker_stdout
from robust_matte.cli.stopping import stopping_softly
from robust_matte.keying.cores import share_cores
from robust_matte.keying.heap import keep_heap
from robust_matte.worker.private_stdin import PrivateStdin

__all__ = ["serve_command"]


def serve_command(
    log: Annotated[
        str,
        typer.Option(
            metavar="FILE|auto|none",
            help="Where the log goes beside stderr; auto: worker-PID.log in your folder for logs.",
        ),
    ] = "auto",
    schema: Annotated[
        bool,
        typer.Option("--schema", help="Print the JSON schema of messages, events and jobs."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log each step, and tracebacks.")
    ] = False,
) -> None:
    """Do what a host asks: one JSON object a line on stdin, and events as lines on stdout.

    The model stays loaded from one job to the next. The end of stdin ends the worker: the frame
    at work is finished, and the same job goes on from there.
    """
    if schema:
        from robust_matte.worker.schema import protocol_schema

        print(json.dumps(protocol_schema(), indent=1))
        return
    share_cores()
    keep_heap()
    out = worker_stdout()
    stdin = PrivateStdin()
    from robust_matte.worker.desk import JOB_GOES_ON, Desk
    from robust_matte.worker.log_file import default_log, logging_to, remove_old_logs

    if log == "auto":
        remove_old_logs(default_log().parent)
    desk = Desk()
    file = {"auto": default_log(), "none": None}.get(log, Path(log))
    with (
        stopping_softly(JOB_GOES_ON, request=desk) as heed,
        logging_to(file, logging.DEBUG if verbose else logging.INFO),
    ):
        from robust_matte.worker.machine import present_ready  # imports torch
        from robust_matte.worker.serving import serve

        heed()
        serve(stdin.read, out.line, ready=present_ready(), desk=desk, hang_up=stdin.hang_up)
