"""The worker's two threads: one reads what hosts say, the other works."""

import logging
import threading
from collections.abc import Callable

from robust_matte.errors import Cancelled, Preempted, ProtocolError, RobustMatteError
from robust_matte.jobs.heartbeat import Heartbeat
from robust_matte.jobs.relayed_warnings import relayed_warnings
from robust_matte.worker import events
from robust_matte.worker.bench import Bench
from robust_matte.worker.desk import JOB_GOES_ON, Desk, Task
from robust_matte.worker.events import Event, event_line
from robust_matte.worker.failing import failed, failed_inside
from robust_matte.worker.lines import bounded_lines
from robust_matte.worker.messages import Bake, Message, Quit
from robust_matte.worker.parsing import parse_message, too_long
from robust_matte.worker.telling import BEAT_S, Teller
from robust_matte.worker.working import do_job

__all__ = ["serve"]

log = logging.getLogger(__name__)

_LEAVE_S = 0.5  # a reader that was woken is gone long before; on Windows none is
_NOTHING_KEPT = "Ask for it again if it is still wanted."  # a probe or a preview has no frames


def serve(
    read: Callable[[int], bytes],
    write: Callable[[str], None],
    *,
    ready: Event,
    bench: Bench | None = None,
    desk: Desk | None = None,
    hang_up: Callable[[], None] = lambda: None,
) -> None:
    """Do what a host asks until it says `quit`, or says nothing any more.

    Jobs run on the calling thread, messages are read on another one.

    Args:
        read: Gives up to so many bytes of what the host says as soon as there are any, and none
            at the end.
        write: Takes a line for the host, from any thread.
        ready: What the host is told first.
        bench: What is warm from one job to the next.
        desk: Where signals ask the work to end.
        hang_up: Lets `read` return none, if it can, once the work has been told to end.

    Raises:
        Cancelled: The desk was asked to end the work.
        Preempted: Likewise.
    """
    desk, bench = desk or Desk(), bench or Bench()

    def say(event: Event) -> None:
        write(event_line(event))

    with desk.heeding():
        say(ready)
        reader = threading.Thread(target=_read_all, args=(read, say, desk), daemon=True)
        reader.start()
        try:
            _work(desk, bench, say, write)
        finally:
            hang_up()
            reader.join(_LEAVE_S)
        desk.heed()


def _work(
    desk: Desk, bench: Bench, say: Callable[[Event], None], write: Callable[[str], None]
) -> None:
    """Do one task after the other, until there are no more."""
    while (task := desk.next_task()) is not None:
        log.info("the %s %r begins", task.message.do, task.message.id)
        ending = _ending(task, bench, say)
        desk.free()  # first: who hears of the end may send the next job at once
        write(ending)
        log.info("the %s %r has ended", task.message.do, task.message.id)


def _read_all(read: Callable[[int], bytes], say: Callable[[Event], None], desk: Desk) -> None:
    """Take messages until there are no more; whatever a line is, the next one is read."""
    try:
        for line in bounded_lines(read):
            message, answer = _message(line)
            if isinstance(message, Quit):
                break
            if message is not None:
                answer = desk.take(message)
            if answer is not None:
                say(answer)
    except OSError as error:  # what the host speaks through is broken
        log.info("stdin cannot be read: %s", error.strerror)
    finally:
        desk.leave()


def _message(line: bytes | None) -> tuple[Message | None, Event | None]:
    """Return the message that a line is, or what is said because it is none."""
    try:
        if line is None:
            raise too_long()
        return parse_message(line), None
    except ProtocolError as error:
        log.debug("refused a line: %s", error.what)
        return None, failed(error, error.job)
    except Exception as error:  # a fault of ours is no end of the worker
        log.exception("reading a line failed")
        return None, failed_inside(error, None)


def _ending(task: Task, bench: Bench, say: Callable[[Event], None]) -> str:
    """Do a task, and return the line that it ends with; nothing but a second Ctrl-C gets out."""
    message, stop = task.message, task.stop
    tell = Teller(message.id, say, stop)
    try:
        stop.heed()  # it waited while the host, or the machine, had enough
        tell.begin()
        with Heartbeat(lambda _: tell.beat(), every_s=BEAT_S), relayed_warnings(tell):
            manifest = do_job(message, bench, tell, stop)
        return event_line(events.Done(id=message.id, manifest=manifest))
    except (Cancelled, Preempted) as error:
        if not stop.is_asked:  # another worker is at the same frames
            return event_line(failed(error, message.id))
        return event_line(_cancelled(task, error))
    except RobustMatteError as error:
        log.info("%s", error, exc_info=log.isEnabledFor(logging.DEBUG))
        return event_line(failed(error, message.id))
    except Exception as error:  # the worker takes the next job whatever became of this one
        log.exception("the %s %r failed", message.do, message.id)
        bench.clear()
        return event_line(failed_inside(error, message.id))
    except BaseException:
        say(_cancelled(task, Cancelled("Stopped at once.", hint=JOB_GOES_ON)))
        raise


def _cancelled(task: Task, error: RobustMatteError) -> events.Cancelled:
    is_bake = isinstance(task.message, Bake)
    return events.Cancelled(
        id=task.message.id,
        resumable=is_bake,
        what=error.what,
        hint=error.hint if is_bake else _NOTHING_KEPT,
    )
