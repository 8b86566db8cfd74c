"""Bakes and previews that run: one warm worker, and one line of orders. Knows nothing of bpy."""

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .errors import HostError
from .orders import Order, Phase, Run
from .robust_matte_client import (
    Cancelled,
    ClientError,
    Done,
    Ended,
    Event,
    Failed,
    Frame,
    Ready,
    Stage,
    Warned,
    Worker,
    find_worker,
)
from .spoken import spoken_frame, spoken_stage, spoken_text

__all__ = ["Order", "Phase", "Run", "Runs", "runs"]

_KEEP_WARM_S = 600.0
_GRACE_S = 3.0  # for a worker that leaves with Blender; what it had begun is whole or not there
_SAY_EVERY_S = 2.0
_STOPPED = "Stopped."
_STARTS = "Starts the worker"
_PREPARES = "Prepares"
_GOES_ON = "Finished frames are kept: press Bake to go on."


class Runs:
    """The line of orders, and the worker that is kept warm between them.

    Attributes:
        chosen: Returns the worker that the artist chose, or nothing.
        keep_warm_s: Returns for how many seconds a worker without work is kept.
        wake: Called when there is something to do: starts the ticks of a UI.
    """

    def __init__(self, find: Callable[[str], tuple[str, ...]] = find_worker) -> None:
        self.chosen: Callable[[], str] = lambda: ""
        self.keep_warm_s: Callable[[], float] = lambda: _KEEP_WARM_S
        self.wake: Callable[[], None] = lambda: None
        self._find = find
        self._line: deque[Run] = deque()
        self._latest: dict[str, Run] = {}
        self._active: Run | None = None
        self._steps: Iterator[object] | None = None
        self._rendered: set[object] = set()
        self._job_id: str | None = None
        self._command: tuple[str, ...] = ()
        self._worker: Worker | None = None
        self._leaving: list[Worker] = []
        self._ready: Ready | None = None
        self._idle_since = 0.0

    # --- what operators and panels ask

    def start(self, order: Order) -> Run:
        """Take an order; it runs at once, or after those before it.

        Raises:
            HostError: The same node is baked or waits already.
        """
        before = self.of(order.key)
        if before is not None and not before.is_over:
            raise HostError(
                f"The {order.label} is being worked on already.",
                hint="Cancel that first, or wait for it.",
            )
        run = Run(order) if self.unfinished() else Run(order, text=_STARTS)
        self._latest[order.key] = run
        self._line.append(run)
        self.wake()
        return run

    def of(self, key: str) -> Run | None:
        """Return the latest run of a node or strip, finished or not."""
        return self._latest.get(key)

    def unfinished(self) -> list[Run]:
        """Return what runs, and what waits, in order."""
        return ([self._active] if self._active else []) + list(self._line)

    def cancel(self, key: str) -> None:
        """Stop a run after the frame in work; one that waits is taken out of the line."""
        run = self.of(key)
        if run is None or run.is_over or run.phase is Phase.CANCELLING:
            return
        if run is not self._active:
            self._line.remove(run)
            self._end(run, Phase.CANCELLED, _STOPPED)
        elif self._job_id is None or self._worker is None:
            self._end(run, Phase.CANCELLED, _STOPPED)
        else:
            run.phase, run.text, run.eta_s = Phase.CANCELLING, "Stops after this frame", None
            with suppress(ClientError):  # it is gone: its last event says so
                self._worker.cancel(self._job_id)

    def pump(self) -> bool:
        """Do one step, never waiting; return whether there is more to do."""
        self._hear()
        if self._active is None and self._line:
            self._begin(self._line.popleft())
        elif self._active is not None:
            self._step(self._active)
        self._rest()
        return bool(self._active or self._line or self._worker or self._leaving)

    def finish(self, run: Run, say: Callable[[str], None] = print) -> None:
        """Wait until a run is over, telling its progress: for background mode.

        Raises:
            HostError: It failed or was cancelled.
        """
        told, spoken_at = "", 0.0
        while not run.is_over:
            self.pump()
            now = time.monotonic()
            if run.text != told and now - spoken_at >= _SAY_EVERY_S and not run.is_over:
                told, spoken_at = run.text, now
                say(f"Robust Matte, {run.order.label}: {run.factor:4.0%} {run.text}")
            if run.phase is not Phase.RENDERING:
                time.sleep(0.02)
        if run.phase is not Phase.DONE:
            raise HostError(run.what, hint=run.hint)
        say(f"Robust Matte, {run.order.label}: 100% {run.text}")

    def close(self) -> None:
        """End everything: runs are cancelled, the worker is gone when this returns."""
        workers = self._leaving + ([self._worker] if self._worker else [])
        self._worker, self._ready, self._leaving = None, None, []
        for worker in workers:  # first: it may be writing what the end of a run removes
            with _going_on():
                worker.close(_GRACE_S)
        for run in self.unfinished():
            self._end(run, Phase.CANCELLED, _STOPPED)
        self._line.clear()

    # --- one run, step by step

    def _begin(self, run: Run) -> None:
        self._active, self._job_id, self._rendered = run, None, set()
        run.phase = Phase.RENDERING if run.order.render else Phase.STARTING
        run.text = _STARTS if self._ready is None else _PREPARES
        self._guard(run, self._begin_guarded)

    def _begin_guarded(self, run: Run) -> None:
        self._start_worker()  # first, so that it is ready when the plate is
        if run.order.render:
            run.text = "Renders the plate"
            self._steps = run.order.render()

    def _guard(self, run: Run, call: Callable[[Run], None]) -> None:
        """Do a part of a run; whatever it raises ends the run, and never the ticks."""
        try:
            call(run)
        except (HostError, ClientError) as error:
            self._fail(run, error)
        except ReferenceError:
            gone = HostError(
                f"What the {run.order.label} is made of went away meanwhile, by undo or otherwise.",
                hint="Start it again.",
            )
            self._fail(run, gone)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not leave the run hanging
            traceback.print_exc()
            bug = HostError(
                f"The extension failed at the {run.order.label}: {error!r}.",
                hint="This is a bug: the console has the details, for a report.",
            )
            self._fail(run, bug)

    def _start_worker(self) -> None:
        command = self._find(self.chosen())
        if self._worker is not None and (command != self._command or not self._worker.is_running):
            self._dismiss()
        if self._worker is None:
            self._worker, self._command, self._ready = Worker(command), command, None
            try:
                self._worker.start()
            except ClientError:
                self._worker = None
                raise

    def _step(self, run: Run) -> None:
        if run.phase is Phase.RENDERING:
            self._guard(run, self._render)
        elif run.phase is Phase.STARTING and self._ready is not None:
            self._guard(run, self._send)

    def _render(self, run: Run) -> None:
        end = object()
        number = next(self._steps, end) if self._steps is not None else end
        if number is end:
            self._steps = None
            run.phase, run.text, run.factor = Phase.STARTING, _STARTS, 0.0
            return
        self._rendered.add(number)  # one that waits for another render comes again
        done = len(self._rendered)
        total = max(run.order.frames, done)
        run.factor = done / total
        run.text = f"Renders the plate, {done} of {total}"

    def _send(self, run: Run) -> None:
        order, ready, worker = run.order, self._ready, self._worker
        if ready is None or worker is None:
            return  # it has just gone, which is said soon
        run.worker = {
            "version": ready.version,
            "devices": [dict(device) for device in ready.devices],
            "models": [dict(model) for model in ready.models],
        }
        if order.job is None:
            run.manifest = run.worker
            self._done(run)
            return
        job = order.job(run)
        if order.preview is None:
            self._job_id = worker.bake(job)
        else:
            folder = order.folder() if order.folder else None
            self._job_id = worker.preview(job, order.preview, order.quick, folder)
        run.phase, run.text = Phase.RUNNING, "Opens the plate"

    def _done(self, run: Run) -> None:
        run.text = "Connects the result"
        self._guard(run, self._done_guarded)

    def _done_guarded(self, run: Run) -> None:
        run.order.finish(run)
        self._end(run, Phase.DONE, _summary(run))

    def _fail(self, run: Run, error: HostError | ClientError) -> None:
        self._end(run, Phase.FAILED, error.what, error.hint, getattr(error, "code", ""))

    def _end(self, run: Run, phase: Phase, what: str, hint: str = "", code: str = "") -> None:
        run.end(phase, what, hint, code)
        if run is self._active:
            steps, self._steps = self._steps, None
            self._active, self._job_id = None, None
            self._idle_since = time.monotonic()
            close = getattr(steps, "close", None)
            if close is not None:
                with _going_on():
                    close()
        if run.order.ended is not None:
            with _going_on():
                run.order.ended(run)

    # --- the worker

    def _hear(self) -> None:
        for worker in list(self._leaving):
            if any(isinstance(event, Ended) for event in worker.poll()) or not worker.is_running:
                self._leaving.remove(worker)
                worker.close(0.0)
        worker_now = self._worker
        if worker_now is not None:
            for event in worker_now.poll():
                self._take(event)

    def _take(self, event: Event) -> None:
        run = self._active
        if isinstance(event, Ready):
            self._ready = event
        elif isinstance(event, Ended):
            self._lose(event)
        elif run is None or getattr(event, "id", None) not in (self._job_id, None):
            return  # of a run that is over
        elif isinstance(event, Warned):
            run.warn(spoken_text(event.text))
        elif isinstance(event, Failed) and event.id is None and self._job_id is not None:
            # The job goes on, or ends by itself.
            run.warn(spoken_text(f"{event.what} {event.hint}".strip()))
        elif self._job_id is not None or isinstance(event, Failed):
            self._tell(run, event)

    def _tell(self, run: Run, event: Event) -> None:
        """Take what is said of the active run."""
        if isinstance(event, Stage):
            self._progress(run, spoken_stage(event), event)
        elif isinstance(event, Frame):
            rate = f", {event.fps:.1f} fps" if event.fps else ""
            text = f"Frame {event.number}, {event.done} of {event.total}{rate}"
            self._progress(run, text, event)
        elif isinstance(event, Done):
            run.manifest = dict(event.manifest)
            for warning in run.manifest.get("warnings", ()):
                run.warn(spoken_text(str(warning)))
            self._done(run)
        elif isinstance(event, Cancelled):
            hint = _GOES_ON if event.resumable else ""
            self._end(run, Phase.CANCELLED, event.what or _STOPPED, hint)
        elif isinstance(event, Failed) and _is_of_another_job(event) and _has_another(run):
            run.phase, self._job_id = Phase.STARTING, None
        elif isinstance(event, Failed):
            run.details = event.tail
            what, hint = spoken_text(event.what), spoken_text(event.hint)
            self._end(run, Phase.FAILED, what, hint, event.code)

    def _progress(self, run: Run, text: str, event: Stage | Frame) -> None:
        if run.phase is Phase.RUNNING:  # while it stops, that is what is said
            run.progress(text, event.percent, event.eta_s)

    def _lose(self, event: Ended) -> None:
        """Take in that the worker is gone; a run that it had is told so by an event before."""
        worker, self._worker, self._ready = self._worker, None, None
        if worker is not None:
            worker.close(0.0)
        run = self._active
        if run is None:
            return
        run.details = event.tail
        ended = HostError(
            f"The worker ended with exit code {event.code}, before the {run.order.label} began.",
            hint="Press Test Worker in the extension's preferences.",
        )
        self._fail(run, ended)

    def _dismiss(self) -> None:
        """Let the worker go, without waiting for it."""
        worker, self._worker, self._ready = self._worker, None, None
        if worker is not None:
            with suppress(ClientError):
                worker.quit()
            self._leaving.append(worker)

    def _rest(self) -> None:
        if self._worker is None or self._active is not None or self._line:
            return
        if time.monotonic() - self._idle_since > self.keep_warm_s():
            self._dismiss()


@contextmanager
def _going_on() -> Iterator[None]:
    """Let nothing keep the line from going on; how a run ended is said already."""
    try:
        yield
    except (HostError, ClientError, ReferenceError):
        return
    except Exception:  # noqa: BLE001 - a bug of ours must not end the ticks
        traceback.print_exc()


def _is_of_another_job(event: Failed) -> bool:
    """Say whether the worker found another job's frames in the folder, and would replace them."""
    return event.code == "output" and "--overwrite" in event.hint


def _has_another(run: Run) -> bool:
    is_wanted = run.phase is Phase.RUNNING  # and not cancelled meanwhile
    return is_wanted and run.order.again is not None and run.order.again()


def _summary(run: Run) -> str:
    manifest: dict[str, Any] = run.manifest
    seconds = manifest.get("seconds")
    if run.order.job is None:
        return f"Worker {manifest.get('version')} is ready."
    if run.order.preview is not None:
        rough = ", approximate" if manifest.get("approximate") else ""
        frame = spoken_frame(manifest.get("frame", run.order.preview), run.order.scene_frame)
        return f"Preview of {frame}{rough}."
    took = f" in {seconds:.0f} s" if isinstance(seconds, (int, float)) else ""
    kept = manifest.get("kept")
    there = f"; {kept} were there" if kept else ""
    return f"Baked {manifest.get('frames', '')}{took}{there}."


runs = Runs()
