"""From an opened job to a plan: with which network, and where the state is dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robust_matte.errors import InputError, SettingsError
from robust_matte.jobs.begun import has_frames, plan_on_disk
from robust_matte.jobs.gains import frame_exposure, segment_gains
from robust_matte.jobs.header_cuts import cuts_of_headers
from robust_matte.jobs.inputs import FoundInputs, Inputs, find_inputs
from robust_matte.jobs.loading import LoadedJob, load_job
from robust_matte.jobs.opening import OpenedJob
from robust_matte.jobs.output_names import job_folder
from robust_matte.jobs.output_space import colour_record
from robust_matte.jobs.pins import Pins, pins_of
from robust_matte.jobs.plan import (
    MaskRecord,
    Plan,
    PlateRecord,
    Request,
    SegmentRecord,
    WeightsRecord,
    load_plan,
)
from robust_matte.jobs.plan_mismatch import other_job
from robust_matte.jobs.progress import Listener
from robust_matte.jobs.segment_pins import forget_pins
from robust_matte.jobs.survey import find_cuts
from robust_matte.keying.exposure import Exposure
from robust_matte.keying.model import MatteModel, ModelOpener
from robust_matte.keying.network import Network
from robust_matte.keying.segments import split_segments
from robust_matte.media.atomic import check_writable
from robust_matte.media.frames import Frame
from robust_matte.media.sequences import FramePattern, frame_ranges
from robust_matte.settings.cut_list import CutList
from robust_matte.settings.gain import AUTO_GAIN
from robust_matte.settings.key_settings import KeySettings

__all__ = ["PlannedJob", "new_plan", "plan_job", "request_of"]

# What may differ between two runs of one job: where things are, and which frames are written.
# Device, threads, refiner, size, space, format, layer and view count as what they turned out to be.
_NOT_OF_THE_JOB = {
    "config",
    "contact_sheet",
    "core",
    "cuts_at",
    "cuts_rate",
    "device",
    "downsample",
    "format",
    "framing",
    "frames",
    "garbage",
    "hint_depth",
    "hint_dir",
    "layer",
    "model",
    "offline",
    "output",
    "output_space",
    "overwrite",
    "plate",
    "plate_space",
    "refiner",
    "repin",
    "review",
    "review_over",
    "threads",
    "view",
}


@dataclass(frozen=True, slots=True, eq=False)
class PlannedJob:
    """A job that is ready to run.

    Attributes:
        opened: Settings, plate and names.
        model: The model, loaded.
        plan: The plan, as it is on disk.
    """

    opened: OpenedJob
    model: MatteModel
    plan: Plan


def plan_job(
    settings: KeySettings,
    listener: Listener,
    open_model: ModelOpener = Network,
    *,
    pieces: Sequence[tuple[int, int]] | None = None,
) -> PlannedJob:
    """Check everything, then take the plan that is on disk for this job, or make and save one.

    Args:
        settings: The job.
        listener: Told of what happens.
        open_model: What loads the model.
        pieces: First and last frame of what is keyed of a plan that must be there, and stays as it
            is; by default all frames.

    Raises:
        RobustMatteError: See the classes; every mistake in settings ends here, and nothing has
            been written then.
    """
    is_planned = pieces is not None
    planned = _planned_folder(settings, pieces)
    loaded = load_job(settings, listener, open_model, counted=planned, is_planned=is_planned)
    opened = loaded.opened
    inputs = find_inputs(opened, listener, _needed(opened, pieces))
    request = request_of(loaded, inputs.now)
    if is_planned:
        plan = _given_plan(opened, request, inputs)
    else:
        pins = pins_of(loaded.model.identity)
        plan = _settled_plan(opened, request, pins, inputs, listener)
    return PlannedJob(opened, loaded.model, plan)


def _planned_folder(settings: KeySettings, pieces: Sequence[tuple[int, int]] | None) -> Path | None:
    """Return the folder of a job that was planned before; its output is a pattern."""
    if pieces is None or settings.output is None:
        return None
    return job_folder(FramePattern.parse(str(Path(settings.output).absolute())))


def request_of(loaded: LoadedJob, inputs: Inputs) -> Request:
    """Put down everything that decides the pixels."""
    opened, weights, identity = loaded.opened, loaded.weights, loaded.model.identity
    return Request(
        plate=_plate_record(opened, inputs),
        colour=colour_record(opened.seen),
        weights=WeightsRecord(
            sha256=weights.sha256, variant=identity.variant, refiner=identity.refiner
        ),
        low_size=opened.low_size(identity.usual_side),
        masks={
            one.kind: MaskRecord(
                path=Path(one.plate.source).name, fingerprint=inputs.fingerprint(one.kind)
            )
            for one in opened.masks.named
        },
        settings=_settings_that_count(opened),
    )


def _plate_record(opened: OpenedJob, inputs: Inputs) -> PlateRecord:
    return PlateRecord(
        path=Path(opened.plate.source).name,
        frames=frame_ranges(opened.plate.numbers),
        fingerprint=inputs.fingerprint(),
        space=opened.space.space,
        is_space_stated=opened.space.is_stated,
        display_window=opened.windows.display,
        work_area=opened.windows.area,
        pixel_aspect=opened.windows.pixel_aspect,
    )


def _needed(opened: OpenedJob, pieces: Sequence[tuple[int, int]] | None) -> set[int] | None:
    """Return the frames of the segments that pieces are of, each of which may be fed."""
    plan = None if pieces is None else plan_on_disk(opened)
    if plan is None or pieces is None:
        return None
    return {
        number
        for one in plan.segments
        if any(one.first <= last and first <= one.last for first, last in pieces)
        for number in range(one.first, one.last + 1)
    }


def _settings_that_count(opened: OpenedJob) -> dict[str, Any]:
    settings = opened.settings
    left_out = _NOT_OF_THE_JOB - ({"frames"} if settings.cold else set())  # it starts there
    picture = opened.picture
    found = {
        "format": opened.outputs.format.value,
        "layer": picture.layer,
        "view": picture.view,
    }
    return settings.model_dump(mode="json", exclude=left_out) | found


def _given_plan(opened: OpenedJob, request: Request, inputs: FoundInputs) -> Plan:
    """Take the plan on disk, which must be for this request.

    Raises:
        InputError: There is none.
        WouldOverwriteError: It is for another one.
    """
    path = opened.outputs.plan_file
    known = load_plan(path)
    if known is None:
        raise InputError(
            f"There is no plan {path}.",
            hint="Run robust-matte plan again, or say where its files are with --root out=PATH.",
            path=path,
        )
    if known.request != request:
        raise other_job(path, known.request, request, is_planned=True, change=inputs.change)
    inputs.keep_if_possible()
    return known


def _settled_plan(
    opened: OpenedJob, request: Request, pins: Pins, inputs: FoundInputs, listener: Listener
) -> Plan:
    """Take the plan on disk if it is for this request, else make and save one."""
    path = opened.outputs.plan_file
    known = _known_plan(opened, request, inputs, path)
    if known is None:
        check_writable(path)  # before a long look for cuts
    found = known or new_plan(opened, request, pins, listener)
    plan = found.model_copy(update={"wanted": str(opened.frames)})
    if not opened.settings.overwrite:
        opened.outputs.refuse_foreign(opened.frames, plan.job)
    if known is None:
        inputs.keep()
        forget_pins(opened.outputs.pins_folder)
    else:
        inputs.keep_if_possible()
    if plan != known:
        plan.save(path)
    return plan


def _known_plan(
    opened: OpenedJob, request: Request, inputs: FoundInputs, path: Path
) -> Plan | None:
    """Return the plan on disk if it is for this request; None if there is none that matters."""
    known = plan_on_disk(opened)
    if known is None or known.request == request:
        return known
    if not opened.settings.overwrite and has_frames(opened, known):
        raise other_job(path, known.request, request, change=inputs.change)
    return None


def new_plan(opened: OpenedJob, request: Request, pins: Pins, listener: Listener) -> Plan:
    """Find or take the cuts, and split the plate into segments."""
    numbers = opened.plate.numbers
    asked = CutList.parse(opened.settings.cuts)
    starts = cuts_of_headers(opened.plate, listener) if asked.is_in_headers else asked.frames
    scores: dict[int, float] = {}
    exposures: dict[int, Exposure] = {}

    def measure(frame: Frame) -> None:
        if opened.settings.gain == AUTO_GAIN:
            exposures[frame.number] = frame_exposure(opened.preparation, frame)

    if starts is None:
        decisions = find_cuts(opened.plate, opened.preparation, listener, measure)
        scores = {one.number: round(one.score, 4) for one in decisions}
        starts = tuple(one.number for one in decisions if one.is_cut)
    outside = [cut for cut in starts if not numbers[0] <= cut <= numbers[-1]]
    if outside:
        raise SettingsError(
            f"The cuts {frame_ranges(outside)} are outside of {opened.plate.source}, which holds "
            f"{frame_ranges(numbers)}.",
            hint="Give the first frame of each new shot, in the plate's own numbers.",
        )
    segments = split_segments(numbers, starts)
    gains = segment_gains(opened, segments, exposures, listener)
    records = (
        SegmentRecord(first=one.first, last=one.last, reset=one.reset, gain=gain)
        for one, gain in zip(segments, gains, strict=True)
    )
    return Plan(request=request, segments=tuple(records), scores=scores, pins=pins)
