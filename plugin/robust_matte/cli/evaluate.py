"""`robust-matte evaluate`: how good a matte is against the truth."""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robust_matte.cli.extras import require_train
from robust_matte.cli.progress import Progress, ProgressStyle, show_progress
from robust_matte.cli.speaking import refuse_json_twice
from robust_matte.cli.stopping import NOTHING_CHANGED, stopping_softly
from robust_matte.cli.tables import Row, print_rows
from robust_matte.errors import SettingsError
from robust_matte.jobs.relayed_warnings import relayed_warnings
from robust_matte.settings.first_frame import FIRST_FRAME_FLAG, parse_first_frame

if TYPE_CHECKING:
    from robust_matte.jobs.comparison import Comparison, ComparisonRequest
    from robust_matte.jobs.evaluation import Evaluation, MeasuredClip, MetricResult
    from robust_matte.jobs.progress import Listener
    from robust_matte_rvm.evaluation import Metric

__all__ = ["EvaluatedLayer", "evaluate_command"]

_VALUE_WIDTH = 12


class EvaluatedLayer(StrEnum):
    """What is measured."""

    ALPHA = "alpha"
    FOREGROUND = "foreground"
    BOTH = "both"


def evaluate_command(
    pred: Annotated[
        str,
        typer.Argument(
            metavar="PRED",
            help="The result, as key writes it: a folder or a pattern such as matte.####.exr.",
        ),
    ],
    truth: Annotated[
        str,
        typer.Argument(
            metavar="TRUTH",
            help="The true alpha: a sequence, still or movie, in its A, or as grey where it has "
            "no A.",
        ),
    ],
    truth_foreground: Annotated[
        str | None, typer.Option(help="The true foreground, straight colour.")
    ] = None,
    layer: Annotated[
        EvaluatedLayer | None,
        typer.Option(help="By default alpha, and both where --truth-foreground is given."),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Some of mad, mse, grad, conn, dtssd, iou and fgr_mse; by default all of the "
            "layer.",
        ),
    ] = None,
    frames: Annotated[
        str | None,
        typer.Option(help="Such as 1001-1100 or 1001-1100x2; by default all that there are."),
    ] = None,
    first_frame: Annotated[
        str,
        typer.Option(
            metavar="N|timecode",
            help="Number of a movie's first frame; timecode counts it from the movie's.",
        ),
    ] = "1",
    channel: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|luminance",
            help="The alpha of PRED, such as matte.A; by default A, else luminance.",
        ),
    ] = None,
    truth_channel: Annotated[
        str | None, typer.Option(metavar="NAME|luminance", help="The same of TRUTH.")
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE.csv", help="Write each frame's values there."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.png", help="Draw them over the frames there."),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace a FILE that is no table or plot of this kind."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the table.")
    ] = False,
    progress: Progress = ProgressStyle.AUTO,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each step.")] = False,
) -> None:
    """Measure PRED against TRUTH, frame by frame: mean, and the worst frame of each metric.

    Needs scipy, and matplotlib for --plot: the extra called train.
    """
    if verbose:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    if as_json:
        refuse_json_twice(progress)
    require_train("evaluate", "scipy", *(["matplotlib"] if plot else []))
    with stopping_softly(NOTHING_CHANGED) as heed, show_progress(progress, "comparing") as listener:
        from robust_matte.jobs.comparison import ComparisonRequest

        chosen = _choose_metrics(metrics, layer, has_foreground=truth_foreground is not None)
        has_colour = any(one.layer == "foreground" for one in chosen)
        request = ComparisonRequest(
            prediction=pred,
            truth=truth,
            true_foreground=truth_foreground if has_colour else None,
            frames=frames,
            first_frame=parse_first_frame(first_frame, FIRST_FRAME_FLAG),
            channel=channel,
            truth_channel=truth_channel,
        )
        files = {kind: path.absolute() for kind, path in (("csv", table), ("plot", plot)) if path}
        heed()
        with relayed_warnings(listener):
            clip = _evaluate(request, chosen, files, listener, overwrite=overwrite)
    if as_json:
        print(clip.evaluation.model_dump_json(indent=1))
    else:
        print_rows(_rows(clip.evaluation, files))


def _choose_metrics(
    asked: str | None, layer: EvaluatedLayer | None, *, has_foreground: bool
) -> "list[Metric]":
    """Return the metrics asked for, in the order of the help.

    Raises:
        SettingsError: One is unknown, or what was asked contradicts itself.
    """
    from robust_matte_rvm.evaluation import METRICS

    if layer is None and asked is None and not has_foreground:
        layer = EvaluatedLayer.ALPHA
    of_layer = [one for one in METRICS if layer in (one.layer, EvaluatedLayer.BOTH, None)]
    names = [one.name for one in of_layer]
    wanted = [word.strip() for word in asked.split(",")] if asked is not None else names
    for word in wanted:
        if word not in names:
            of = f" of the layer {layer}" if layer else ""
            raise SettingsError(
                f'There is no metric "{word}"{of}.',
                hint=f"Write some of {', '.join(names)} with commas between, or leave it out.",
            )
    chosen = [one for one in of_layer if one.name in wanted]
    if not has_foreground and any(one.layer == "foreground" for one in chosen):
        raise SettingsError(
            "A foreground is to be measured, and no true one is named.",
            hint="Name it with --truth-foreground, or write --layer alpha.",
        )
    return chosen


def _evaluate(
    request: "ComparisonRequest",
    metrics: "Sequence[Metric]",
    files: Mapping[str, Path],
    listener: "Listener",
    *,
    overwrite: bool,
) -> "MeasuredClip":
    """Measure, and write what is to be written; where that goes is looked at first."""
    from robust_matte.jobs.comparison import open_comparison
    from robust_matte.jobs.evaluation import evaluate_clip
    from robust_matte.jobs.evaluation_files import write_table
    from robust_matte_rvm.evaluation import Meter

    comparison = open_comparison(request, listener)
    _check_files(files, comparison, overwrite=overwrite)
    clip = evaluate_clip(comparison, metrics, Meter(metrics), listener)
    if "csv" in files:
        write_table(files["csv"], clip)
    if "plot" in files:
        _write_plot(files["plot"], clip)
    return clip


def _check_files(files: Mapping[str, Path], comparison: "Comparison", *, overwrite: bool) -> None:
    from robust_matte.jobs.evaluation_files import check_plot, check_table
    from robust_matte_rvm.evaluation import METRICS

    names = [one.name for one in METRICS]
    if "csv" in files:
        check_table(files["csv"], comparison.files, names, overwrite=overwrite)
    if "plot" in files:
        check_plot(files["plot"], comparison.files, overwrite=overwrite)


def _write_plot(path: Path, clip: "MeasuredClip") -> None:
    from robust_matte.jobs.evaluation_files import PLOT_TEXTS
    from robust_matte.media.atomic import write_atomically
    from robust_matte_rvm.evaluation.plots import draw_plot

    results = clip.evaluation.metrics
    picture = draw_plot(
        clip.numbers,
        {one.title: clip.series[one.name] for one in results},
        {one.title: one.worst_frame for one in results if one.worst_frame is not None},
        heading=" against ".join(
            Path(source).name for source in (clip.evaluation.prediction, clip.evaluation.truth)
        ),
        texts=PLOT_TEXTS,
    )
    write_atomically(path, picture)


def _rows(evaluation: "Evaluation", files: Mapping[str, Path]) -> Iterator[Row]:
    yield Row("prediction", evaluation.prediction, "bold")
    yield Row("truth", evaluation.truth)
    if evaluation.truth_foreground is not None:
        yield Row("foreground", evaluation.truth_foreground)
    counted = "1 frame" if evaluation.count == 1 else f"{evaluation.count} frames"
    yield Row("frames", f"{evaluation.frames}: {counted} of {evaluation.size}")
    for result in evaluation.metrics:
        yield Row(result.title, _spoken(result))
    for kind, path in files.items():
        yield Row(kind, str(path))


def _spoken(result: "MetricResult") -> str:
    if result.mean is None or result.worst is None:
        return "no frame that it applies to"
    mean = f"{result.mean:.5g}"
    return f"mean {mean:<{_VALUE_WIDTH}}worst {result.worst:.5g} at frame {result.worst_frame}"
