"""Bringing the state to one frame and keying it, from the nearest state there is."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from robust_matte.jobs.pins import pins_of
from robust_matte.jobs.planning import PlannedJob
from robust_matte.jobs.preview_states import EVERY, Beginning, KeptStates, fed_identity
from robust_matte.jobs.progress import Listener
from robust_matte.jobs.runs import States, beginning_of, kept_states, runs_of, told_of_rolling
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.jobs.targets import Target
from robust_matte.keying.model import MatteModel
from robust_matte.keying.rolling import KeyedFrame, Run, key_runs

__all__ = ["Rolled", "roll_to"]


@dataclass(frozen=True, slots=True, eq=False)
class Rolled:
    """A keyed frame.

    Attributes:
        keyed: The frame.
        fed: Frames that the network was fed for it, warm-up and the frame itself included.
    """

    keyed: KeyedFrame
    fed: int


def roll_to(
    source: int,
    job: PlannedJob,
    targets: Sequence[Target],
    kept: KeptStates,
    listener: Listener,
    stop: StopRequest,
    arrived: Callable[[], None],
) -> Rolled:
    """Key one frame of a job as a run over all of them would.

    Args:
        source: The frame, one of the plate.
        job: The job.
        targets: All frames that the job writes.
        kept: The states in memory; more are kept on the way.
        listener: Told of each frame that is fed for the state alone.
        stop: Looked at between frames; the state is kept then.
        arrived: Called when nothing but the frame itself is left to be fed.

    Raises:
        Cancelled: It was asked to stop.
        InputError: A frame cannot be decoded.
        ModelError: The model failed.
    """
    segment = next(one for one in job.plan.keyed_segments() if source in one)
    inside, warm_up = beginning_of(job, targets, segment)
    identity = fed_identity(job.plan.request, pins_of(job.model.identity))
    beginning = Beginning(identity, segment.first, inside[0], warm_up, segment.gain)
    on_disk = kept_states(job, listener)
    (run,) = runs_of(job, targets, [Target(source, source)], _Nearest(kept, beginning, on_disk))
    warmed = kept.nearest(beginning, inside[0]) if run.restore is None else None
    if warmed is not None:  # a bake warms up again
        run = replace(run, warm_up=(), restore=warmed[1])
    way = _Way(run, inside, beginning, kept, job.model, listener, stop, arrived)
    opened, low_size = job.opened, job.plan.request.low_size
    frames = key_runs(
        job.model, opened.source, opened.preparation, low_size, [run], way.rolled, way.passed
    )
    way.look_ahead()
    with closing(frames):
        (keyed,) = frames
    return Rolled(keyed, len(run.warm_up) + len(run.fed))


@dataclass(frozen=True, slots=True)
class _Nearest:
    """Looks for states in memory, and for later ones on the disk."""

    kept: KeptStates
    beginning: Beginning
    on_disk: States

    def nearest(
        self, first: int, after: int, upto: int
    ) -> tuple[int, Callable[[MatteModel], None]] | None:
        """Return the latest state before a frame."""
        held = self.kept.nearest(self.beginning, upto)
        if held is not None and held[0] == upto:
            return held
        return self.on_disk.nearest(first, after if held is None else held[0], upto) or held


class _Way:
    """What happens on the way to a frame: states are kept, and a stop is heeded.

    Args:
        run: What is fed; its last frame is the one that is wanted.
        inside: The segment's frames from where the state was dropped, ascending.
        beginning: How the states come about.
        kept: Where states are kept.
        model: Whose they are.
        listener: Told of frames that roll.
        stop: Looked at between frames.
        arrived: Called before the last frame.
    """

    def __init__(
        self,
        run: Run,
        inside: Sequence[int],
        beginning: Beginning,
        kept: KeptStates,
        model: MatteModel,
        listener: Listener,
        stop: StopRequest,
        arrived: Callable[[], None],
    ) -> None:
        self._run = run
        self._inside = inside
        self._beginning = beginning
        self._kept = kept
        self._model = model
        self._listener = listener
        self._stop = stop
        self._arrived = arrived
        self._told = told_of_rolling([run])
        self._warming = len(run.warm_up)

    def look_ahead(self) -> None:
        """Look for a stop, and see whether the frame is the first that is fed."""
        self._stop.heed()
        if self._warming == 0 and len(self._run.fed) == 1:
            self._arrived()

    def rolled(self, _: int) -> None:
        """Take note of a frame that was fed for the state alone."""
        self._listener(next(self._told))
        if self._warming > 0:
            self._warming -= 1
            if self._warming == 0:
                self._keep(0)
                if len(self._run.fed) == 1:
                    self._arrived()
            self._stop.heed()

    def passed(self, run: Run, number: int) -> None:
        """Keep the state after a frame if it may be of use, and look for a stop."""
        at = bisect_left(self._inside, number) + 1  # of the frame that is fed next
        is_last, is_before = number == run.fed[-1], len(run.fed) > 1 and number == run.fed[-2]
        if at % EVERY == 0 or is_last or is_before or self._stop.is_asked:
            self._keep(at)
        if is_before:
            self._arrived()
        if not is_last:
            self._stop.heed()

    def _keep(self, at: int) -> None:
        """Keep the state before the frame at a place of the segment, if there is one."""
        if at < len(self._inside):
            is_lasting = at % EVERY == 0
            following = self._inside[at]
            self._kept.keep(self._beginning, following, self._model, is_lasting=is_lasting)
