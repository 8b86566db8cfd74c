"""Jobs that are ready for previews: opened and planned as for a bake, and kept for the next one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from robust_matte.errors import MissingFramesError, SettingsError
from robust_matte.jobs.begun import plan_on_disk
from robust_matte.jobs.inputs import FoundInputs, Inputs, find_inputs, glance_at_inputs, paths_of
from robust_matte.jobs.loading import LoadedJob, load_job
from robust_matte.jobs.opening import OpenedJob
from robust_matte.jobs.pins import pins_of
from robust_matte.jobs.plan import Plan, SegmentRecord
from robust_matte.jobs.planning import PlannedJob, new_plan, request_of
from robust_matte.jobs.preview_looks import FileLooks, QuickLooks, RememberedLooks, looks_of_all
from robust_matte.jobs.preview_states import seen_identity
from robust_matte.jobs.progress import KeptWarnings, Listener
from robust_matte.jobs.recently_used import RecentlyUsed
from robust_matte.keying.model import MatteModel, ModelOpener, Weights
from robust_matte.media.atomic import check_writable, create_atomically
from robust_matte.media.plates import Plate
from robust_matte.media.sequences import frame_ranges
from robust_matte.settings.choices import Missing, Refiner
from robust_matte.settings.cut_list import CutList
from robust_matte.settings.frame_range import FrameRange
from robust_matte.settings.key_settings import KeySettings
from robust_matte.weights.choice import choose_weights

__all__ = ["PreviewJobs"]

_JOBS, _PLANS, _INPUTS = 8, 16, 4  # that are kept

_ALONE = {"contact_sheet": "none", "hint_dir": None, "review": None}  # of a frame that is not kept


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """A job that was made ready, without its model, which may have to make room for another's.

    Attributes:
        opened: The job.
        plan: Its plan.
        reload: Opens its model, which is at hand as a rule.
        paths: The files that decided about it.
        looks: How they looked.
        warnings: What was unexpected.
    """

    opened: OpenedJob
    plan: Plan
    reload: Callable[[], MatteModel]
    paths: tuple[Path, ...]
    looks: FileLooks
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """What the files of a job held when they were read.

    Attributes:
        inputs: That.
        paths: The files.
        looks: How they looked before they were read.
    """

    inputs: Inputs
    paths: tuple[Path, ...]
    looks: FileLooks

    def still(self) -> Inputs:
        """Return it of those files that look as they did."""
        looks = zip(self.paths, self.looks, looks_of_all(self.paths), strict=True)
        changed = {path.name for path, before, now in looks if before != now}
        kinds = self.inputs.files.items()
        return Inputs(
            files={
                kind: {name: one for name, one in files.items() if name not in changed}
                for kind, files in kinds
            }
        )


class PreviewJobs:
    """Makes jobs ready for previews, and keeps the last few.

    What was found of a plate outlasts a change of settings that it does not depend on: its headers,
    its contents, its segments and their gains.

    Args:
        open_model: What loads the model.
    """

    def __init__(self, open_model: ModelOpener) -> None:
        self._open_model = open_model
        self._looks = RememberedLooks()
        self._held: RecentlyUsed[_Held] = RecentlyUsed(_JOBS)
        self._plans: RecentlyUsed[tuple[tuple[SegmentRecord, ...], dict[int, float]]]
        self._plans = RecentlyUsed(_PLANS)
        self._read: RecentlyUsed[_Read] = RecentlyUsed(_INPUTS)

    def ready(
        self, settings: KeySettings, frame: int, listener: KeptWarnings, *, may_save: bool
    ) -> PlannedJob:
        """Return the job, opened and planned as a bake of these settings opens and plans it.

        A plan on the disk is taken if it is this job's, and never replaced by another one.

        Args:
            settings: The job.
            frame: The frame that is wanted of it.
            listener: Told of what happens; of a job that is at hand, what was unexpected of it.
            may_save: Whether a plan may be written where there is none.

        Raises:
            SettingsError: The frame is not one of the job's.
            MissingFramesError: The plate lacks it.
            RobustMatteError: As for `plan_job`.
        """
        settings = settings.model_copy(update=_ALONE)
        plate = self._looks.plate(settings, listener, None)
        _check_frame(plate, settings, frame)
        chosen = choose_weights(settings.model, offline=settings.offline)
        key = settings.model_dump_json(), chosen.path  # others may have been fetched meanwhile
        held = self._held.get(key)
        if held is not None and _is_as_it_was(held, plate):
            for text in held.warnings:
                listener.warnings.append(text)
            return PlannedJob(held.opened, held.reload(), held.plan)
        self._held.drop(key)
        opener = _KeptOpener(self._open_model)
        loaded = load_job(settings, listener, opener, looks=self._looks)
        plan = self._plan(loaded, listener, may_save=may_save)
        paths = _deciding_files(settings, loaded)
        warnings = tuple(listener.warnings)
        held = _Held(loaded.opened, plan, opener.again, paths, looks_of_all(paths), warnings)
        self._held.put(key, held)
        return PlannedJob(loaded.opened, loaded.model, plan)

    def quick(self, settings: KeySettings, frame: int, listener: KeptWarnings) -> PlannedJob:
        """Return the job of one frame alone, without cuts and without reading what files hold.

        Raises:
            RobustMatteError: As for `ready`.
        """
        alone = {"cold": True, "cuts": "off", "cuts_rate": None, "cuts_at": None}
        settings = settings.model_copy(update=_ALONE | alone)
        looks = QuickLooks(self._looks)
        _check_frame(looks.plate(settings, listener, None), settings, frame)
        settings = settings.model_copy(update={"frames": str(frame)})
        loaded = load_job(settings, listener, self._open_model, looks=looks)
        inputs = glance_at_inputs(loaded.opened, self._remembered(loaded.opened))
        return PlannedJob(loaded.opened, loaded.model, self._made_plan(loaded, inputs, listener))

    def _plan(self, loaded: LoadedJob, listener: Listener, *, may_save: bool) -> Plan:
        opened = loaded.opened
        paths = _input_paths(opened)
        looks = looks_of_all(paths)
        inputs = find_inputs(opened, listener, remembered=self._remembered(opened))
        self._read.put(_input_key(opened), _Read(inputs.now, paths, looks))
        known = plan_on_disk(opened)
        if known is not None and known.request == request_of(loaded, inputs.now):
            self._plans.put(seen_identity(known.request), (known.segments, known.scores))
            return known
        if known is not None or not may_save:
            return self._made_plan(loaded, inputs.now, listener)
        check_writable(opened.outputs.plan_file)  # before a long look for cuts
        plan = self._made_plan(loaded, inputs.now, listener)
        _save(opened, plan, inputs)
        return plan

    def _made_plan(self, loaded: LoadedJob, inputs: Inputs, listener: Listener) -> Plan:
        """Return a plan; what does not depend on the settings that changed is not found again."""
        request, pins = request_of(loaded, inputs), pins_of(loaded.model.identity)
        key = seen_identity(request)
        known = self._plans.get(key)
        if known is None:
            plan = new_plan(loaded.opened, request, pins, listener)
            self._plans.put(key, (plan.segments, plan.scores))
        else:
            plan = Plan(request=request, segments=known[0], scores=known[1], pins=pins)
        return plan.model_copy(update={"wanted": str(loaded.opened.frames)})

    def _remembered(self, opened: OpenedJob) -> Inputs:
        read = self._read.get(_input_key(opened))
        return Inputs() if read is None else read.still()


class _KeptOpener:
    """Opens a model, and remembers how."""

    def __init__(self, open_model: ModelOpener) -> None:
        self._open_model = open_model
        self.again: Callable[[], MatteModel]

    def __call__(
        self, weights: Weights, *, refiner: Refiner, device: str, threads: int
    ) -> MatteModel:
        """Open a model."""
        self.again = partial(
            self._open_model, weights, refiner=refiner, device=device, threads=threads
        )
        return self.again()


def _check_frame(plate: Plate, settings: KeySettings, frame: int) -> None:
    """Make sure that a frame is one that the job writes.

    Raises:
        SettingsError: It is not.
        MissingFramesError: The plate lacks it, and the policy is `fail`.
    """
    first, last = plate.expected
    held = wanted = FrameRange(first, last, plate.step)
    if settings.frames is not None:
        wanted = FrameRange.parse(settings.frames)
    if frame not in range(wanted.first, wanted.last + 1, wanted.step):
        if first <= frame <= last:
            what = f"Frame {frame} is not one of {wanted}, which the job writes."
        else:
            what = f"Frame {frame} is not in {plate.source}, which holds {held}."
        raise SettingsError(what, hint=f"Preview one of {wanted}.", frame=frame)
    if settings.missing is Missing.FAIL and frame not in plate.numbers:
        raise MissingFramesError(
            f"{plate.source} lacks the frame {frame}; it holds {frame_ranges(plate.numbers)}.",
            hint="Render it, preview another one, or fill it with --missing hold or --missing "
            "black.",
            frame=frame,
        )


def _deciding_files(settings: KeySettings, loaded: LoadedJob) -> tuple[Path, ...]:
    """Return all files that a job is made ready from; `settings` name the edit list."""
    opened = loaded.opened
    named = (CutList.parse(settings.cuts).file, settings.config)
    return (
        *_input_paths(opened),
        *(Path(name).absolute() for name in named if name is not None),
        loaded.weights.path,
        opened.outputs.plan_file,
    )


def _input_paths(opened: OpenedJob) -> tuple[Path, ...]:
    """Return the files of a job's plate and masks."""
    plates = (opened.plate, *(one.plate for one in opened.masks.named))
    return tuple(path for plate in plates for _, path in paths_of(plate))


def _is_as_it_was(held: _Held, plate: Plate) -> bool:
    """Say whether a job that is held would be made ready again as it is."""
    return held.opened.plate is plate and looks_of_all(held.paths) == held.looks


def _input_key(opened: OpenedJob) -> tuple[str, ...]:
    return (opened.plate.source, *(one.plate.source for one in opened.masks.named))


def _save(opened: OpenedJob, plan: Plan, inputs: FoundInputs) -> None:
    """Save a plan for the bake, unless one that begins meanwhile has."""
    inputs.keep()
    create_atomically(opened.outputs.plan_file, plan.model_dump_json(indent=1).encode())
