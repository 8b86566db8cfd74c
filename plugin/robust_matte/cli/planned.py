"""`robust-matte key --plan`: key a part of a plan."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer._click.core import ParameterSource  # Typer has no public names for these
from typer._click.exceptions import MissingParameter

from robust_matte.cli.key_options import RUN_PANEL
from robust_matte.cli.tables import Row, print_rows
from robust_matte.cli.working import at_work
from robust_matte.errors import RobustMatteError, SettingsError
from robust_matte.jobs.stop_request import StopRequest

if TYPE_CHECKING:
    from robust_matte.farm.farm_plan import FarmPlan
    from robust_matte.farm.shot_runs import FarmRun, ShotResults
    from robust_matte.jobs.key_result import KeyResult

__all__ = ["is_typed", "key_planned", "open_run", "raise_faults", "refuse_mixture"]

_PLANNED = {"plan", "bin_number", "segment", "root"}


def is_typed(context: typer.Context, name: str) -> bool:
    """Say whether an option was written on the command line, if only with its default."""
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def refuse_mixture(context: typer.Context, plan: Path | None) -> None:
    """Make sure that a command says what is keyed in one way: by a plate, or by a plan.

    Raises:
        SettingsError: It says neither, or both.
    """
    params: list[Any] = context.command.params
    typed = {one.name: one for one in params if is_typed(context, one.name)}
    if plan is None:
        _refuse_parts_of_no_plan(typed)
        if "plate" not in typed:
            missing = next(one for one in params if one.name == "plate")
            raise MissingParameter(ctx=context, param=missing)
        return
    if "plate" in typed:
        raise SettingsError(
            "PLATE and --plan are both named.", hint="Name one: the plan says what is keyed."
        )
    _refuse_all_but_one_part(typed)
    _refuse_what_is_settled(typed)


def _refuse_parts_of_no_plan(typed: Mapping[str, Any]) -> None:
    if stray := typed.keys() & _PLANNED:
        flag = typed[min(stray)].opts[0]
        raise SettingsError(
            f"{flag} is of a plan, and none is named.", hint="Name it with --plan FILE."
        )


def _refuse_all_but_one_part(typed: Mapping[str, Any]) -> None:
    parts = typed.keys() & {"bin_number", "segment"}
    if not parts:
        raise SettingsError(
            "--plan needs either --bin or --segment.",
            hint="Write --bin K for one of its bins, or --segment SHOT:N for one segment.",
        )
    if len(parts) > 1:
        raise SettingsError(
            "--bin and --segment are both given.",
            hint="Leave one out: a bin and a segment are two ways to say what is keyed.",
        )


def _refuse_what_is_settled(typed: Mapping[str, Any]) -> None:
    for name, parameter in typed.items():
        is_of_the_run = getattr(parameter, "rich_help_panel", "") == RUN_PANEL
        if name not in _PLANNED | {"model"} and not is_of_the_run:
            raise SettingsError(
                f"{parameter.opts[0]} is settled in the plan.",
                hint="Leave it out, or plan again with it.",
            )


def key_planned(
    path: Path,
    bin_number: str | None,
    segment: str | None,
    root: Sequence[str],
    options: dict[str, Any],
    *,
    model: str | None,
) -> None:
    """Key a bin or a segment of a plan, and print what was done."""
    stop = StopRequest()
    with ExitStack() as afterwards, at_work(options, "keying", request=stop) as (heed, listener):
        from robust_matte.farm.chosen_pieces import (
            pieces_of_bin,
            pieces_of_segment,
            read_bin,
        )
        from robust_matte.farm.keying import key_pieces

        heed()
        run, plan = open_run(path, root, options, model=model)
        if bin_number is not None:
            pieces = pieces_of_bin(plan, read_bin(plan, bin_number))
        else:
            pieces = pieces_of_segment(plan, segment or "")
        result = key_pieces(run, plan, pieces, listener, stop=stop)
        what = f"bin {bin_number}" if bin_number is not None else f"segment {segment}"
        afterwards.callback(print_rows, list(_rows(what, run.path, result)))
        raise_faults(result.faults)  # before progress tells that all went well


def open_run(
    path: Path, root: Sequence[str], options: Mapping[str, Any], *, model: str | None
) -> "tuple[FarmRun, FarmPlan]":
    """Read a plan, and say how its task is run.

    Args:
        path: The plan's file, or the folder that it is in.
        root: What `--root` says.
        options: The flags that say how it is run.
        model: Where the weights are, if it was said.

    Raises:
        SettingsError: A root cannot be understood.
        InputError: There is no plan, or it cannot be read.
    """
    from robust_matte.farm.farm_plan import FarmPlan, plan_file
    from robust_matte.farm.roots import parse_roots
    from robust_matte.farm.shot_runs import FarmRun

    run = FarmRun(
        path=plan_file(path),
        moved=parse_roots(root),
        model=model,
        device=options["device"],
        threads=options["threads"],
        repin=options["repin"],
    )
    return run, FarmPlan.load(run.path)


def raise_faults(faults: Sequence[RobustMatteError]) -> None:
    """End with the first of several shots' errors, once the others are told."""
    for fault in faults[1:]:
        print(f"{fault.what}\n{fault.hint}".rstrip(), file=sys.stderr)
    if faults:
        raise faults[0]


def _rows(what: str, path: Path, result: "ShotResults[KeyResult]") -> Iterator[Row]:
    yield Row("plan", str(path))
    if not result.results and not result.faults:
        yield Row(what, "holds no work")
        return
    for name, one in result.results.items():
        kept = f", {one.kept} right already" if one.kept else ""
        yield Row(name, f"{one.written} frames written{kept}  {one.outputs['rgba']}")
        for text in one.warnings:
            yield Row("warning", text, style="yellow")
    seconds = sum(one.seconds for one in result.results.values())
    yield Row(what, f"{seconds:.1f} s")
