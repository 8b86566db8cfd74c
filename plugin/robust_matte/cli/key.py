"""`robust-matte key`: key one plate, or a part of a plan."""

import logging
import sys
from typing import Annotated, Any

import typer

from robust_matte.cli.job_file import JobFile, job_settings
from robust_matte.cli.key_options import given_settings, key_options, taking
from robust_matte.cli.plan_options import Bin, PlanFile, Root, SegmentName
from robust_matte.cli.planned import is_typed, key_planned, refuse_mixture
from robust_matte.cli.progress import show_progress
from robust_matte.cli.stopping import stopping_softly
from robust_matte.cli.summary import print_summary
from robust_matte.jobs.relayed_warnings import relayed_warnings
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.keying.cores import share_cores
from robust_matte.keying.heap import keep_heap

__all__ = ["key_command"]


@taking(key_options, last={"job", "plan", "bin_number", "segment", "root"})
def key_command(
    context: typer.Context,
    plate: Annotated[
        str | None,
        typer.Argument(
            metavar="PLATE",
            help="A movie, a still, a folder with one sequence, or a pattern such as "
            "plate.####.exr, plate.%04d.exr or plate.1001-1100#.exr.",
            show_default=False,
        ),
    ] = None,
    job: JobFile = None,
    plan: PlanFile = None,
    bin_number: Bin = None,
    segment: SegmentName = None,
    root: Root = None,
    **options: Any,
) -> None:
    """Key PLATE: write premultiplied RGBA, alpha and foreground layers as EXR, or PNG.

    Frames that are right already are left alone, so the same command goes on where it was stopped.
    """
    from robust_matte.settings.key_settings import KeySettings

    if options["verbose"]:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    settings = None if job is None else job_settings(context, job, options)
    if settings is None:
        refuse_mixture(context, plan)
    if plan is not None:
        model = options["model"] if is_typed(context, "model") else None
        key_planned(plan, bin_number, segment, root or [], options, model=model)
        return
    settings = settings or KeySettings(plate=plate, **given_settings(options))
    share_cores()
    keep_heap()
    stop = StopRequest()
    with (
        stopping_softly(request=stop, on_term=options["on_term"]) as heed,
        show_progress(options["progress"]) as listener,
    ):
        from robust_matte.jobs.key import key  # imports torch, so only when signals are handled

        heed()
        with relayed_warnings(listener):
            result = key(settings, listener, stop=stop)
    print_summary(result)
