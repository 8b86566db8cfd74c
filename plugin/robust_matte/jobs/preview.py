"""One frame of a job, as the bake would write it, by a worker that keeps what it may need again."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from robust_matte.errors import SettingsError
from robust_matte.jobs.finishing import Finisher
from robust_matte.jobs.outputs import Outputs
from robust_matte.jobs.pins import Pins, pins_of
from robust_matte.jobs.planning import PlannedJob
from robust_matte.jobs.preview_files import PREVIEW_FOLDER, PreviewFolder
from robust_matte.jobs.preview_jobs import PreviewJobs
from robust_matte.jobs.preview_roll import Rolled, roll_to
from robust_matte.jobs.preview_states import KeptStates
from robust_matte.jobs.progress import Event, KeptWarnings, Listener, StageReached, silent
from robust_matte.jobs.report import Report
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.jobs.targets import Target, targets_for
from robust_matte.keying.cores import default_threads
from robust_matte.keying.model import ModelOpener
from robust_matte.keying.network import Network
from robust_matte.media.exr_write import encoding_threads
from robust_matte.settings.key_settings import KeySettings

__all__ = ["PreviewResult", "Previewer"]

_STATE_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewResult:
    """What a preview made.

    Attributes:
        files: The file of each layer.
        frame: The frame's number.
        approximate: Whether it may differ from what a bake writes.
        rolled: Frames that the network was fed for it, warm-up and the frame itself included.
        seconds: By part: `plan` until the job was ready, `roll` for the frames before this one,
            `key` for the frame itself, `write` from the matte to the files.
        warnings: What was unexpected, in the order it was told.
    """

    files: dict[str, Path]
    frame: int
    approximate: bool
    rolled: int
    seconds: dict[str, float]
    warnings: tuple[str, ...] = ()


class Previewer:
    """Makes previews, and keeps plates, plans and states for the next one; used on one thread.

    Args:
        open_model: What loads the model; one that keeps the last, as `share_model` makes it.
        state_bytes: The most bytes of states that are held.

    Attributes:
        states: The states in memory.
    """

    def __init__(
        self, open_model: ModelOpener = Network, *, state_bytes: int = _STATE_BYTES
    ) -> None:
        self._jobs = PreviewJobs(open_model)
        self.states = KeptStates(state_bytes)

    def preview(
        self,
        settings: KeySettings,
        frame: int,
        listener: Listener = silent,
        *,
        quick: bool = False,
        folder: Path | None = None,
        stop: StopRequest | None = None,
    ) -> PreviewResult:
        """Make one frame of a job, bit for bit as a bake of the same settings writes it.

        Args:
            settings: The job.
            frame: Number of the frame, of those that the job writes.
            listener: Called with what happens, on the calling thread.
            quick: Start at the frame itself, with its warm-up, and look for no cuts: approximate.
            folder: Where the files go, and nothing else is written then; by default `preview` in
                the job's folder, where the plan is kept, too. The preview that was there before
                is removed.
            stop: Asks it to stop, which it does between frames.

        Raises:
            SettingsError: The frame is not one of the job's.
            MissingFramesError: The plate lacks it.
            Cancelled: It was asked to stop.
            RobustMatteError: As for `key`.
        """
        _check_view(settings)
        stop, parts = stop or StopRequest(), _Parts()
        told = KeptWarnings(_heeding(listener, stop))
        with stop.heeding():
            if quick:
                job = self._jobs.quick(settings, frame, told)
            else:
                job = self._jobs.ready(settings, frame, told, may_save=folder is None)
            place = folder or job.opened.outputs.job_folder / PREVIEW_FOLDER
            work = _Work.of(job, frame, PreviewFolder(place.absolute()))
            parts.end("plan")
            rolled = self._rolled(work, told, stop, parts)
            parts.end("key")
            stop.heed()
        work.write(rolled, told)
        parts.end("write")
        return PreviewResult(
            files={layer: one.path(frame) for layer, one in work.outputs.patterns.items()},
            frame=frame,
            approximate=job.opened.settings.cold,
            rolled=0 if rolled is None else rolled.fed,
            seconds=parts.seconds,
            warnings=tuple(dict.fromkeys(told.warnings)),
        )

    def _rolled(
        self, work: "_Work", listener: Listener, stop: StopRequest, parts: "_Parts"
    ) -> Rolled | None:
        """Key the frame; None is a black one, for which nothing is keyed."""
        source = work.target.source
        if source is None:
            return None

        def arrived() -> None:
            parts.end("roll")

        return roll_to(source, work.job, work.targets, self.states, listener, stop, arrived)


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """One frame of a job, and where it goes."""

    job: PlannedJob
    targets: list[Target]
    target: Target
    place: PreviewFolder
    outputs: Outputs

    @classmethod
    def of(cls, job: PlannedJob, frame: int, place: PreviewFolder) -> "_Work":
        """Find out what is to be done, and that nothing is in the way."""
        opened = job.opened
        targets = targets_for(opened.frames, opened.plate.numbers, opened.settings.missing)
        target = next(one for one in targets if one.number == frame)
        return cls(job, targets, target, place, place.outputs(opened, frame))

    def write(self, rolled: Rolled | None, listener: Listener) -> None:
        """Finish and write the frame in place of the preview before it."""
        files, job = self.outputs.files(self.target.number), self.job
        self.place.begin(files)
        opened = replace(job.opened, outputs=self.outputs)
        finisher = Finisher(opened, job.plan, _OwnPins(pins_of(job.model.identity)))
        report = Report(1, self.outputs, opened.settings.nonfinite, listener)
        with encoding_threads(default_threads()):
            if rolled is None:
                written = finisher.finish_black(self.target)
            else:
                written = finisher.finish(self.target, rolled.keyed)
        report.add([written])
        self.place.remove_others(files)


@dataclass(frozen=True, slots=True)
class _OwnPins:
    """The pins of this process, whatever a segment was begun with: nothing is settled by it."""

    pins: Pins

    def of_segment(self, _: int) -> Pins:
        """Return them for each segment."""
        return self.pins


class _Parts:
    """Where the time goes; parts follow each other, and what is left out took none."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(("plan", "roll", "key", "write"), 0.0)
        self._at = time.monotonic()

    def end(self, part: str) -> None:
        """Take down that a part has ended."""
        now = time.monotonic()
        self.seconds[part] += now - self._at
        self._at = now


def _check_view(settings: KeySettings) -> None:
    if settings.view == "all":
        raise SettingsError(
            "A preview is of one view, and all of them are asked for.",
            hint="Choose one of them, such as --view left.",
        )


def _heeding(listener: Listener, stop: StopRequest) -> Listener:
    """Look for a stop wherever planning tells something; rolling looks for itself."""

    def hear(event: Event) -> None:
        listener(event)
        if isinstance(event, StageReached) and event.number is None:
            stop.heed()

    return hear
