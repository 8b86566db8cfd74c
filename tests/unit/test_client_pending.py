"""What a host has not yet asked for: bounded, in order, and no end of a job is lost."""

import threading
import time

from robust_matte_client import Done, Ended, Failed, Frame, Ready, Stage, Warned
from robust_matte_client.pending import Pending


def frame(number: int) -> Frame:
    return Frame("a", number, number, 100)


def test_events_come_once_and_in_order() -> None:
    pending = Pending()
    events = [Ready("0", (1,)), frame(1), Warned("a", "b"), frame(2), Done("a")]
    for event in events:
        pending.put(event)
    assert pending.take() == events
    assert pending.take() == []


def test_stage_takes_the_place_of_the_one_before() -> None:
    pending = Pending()
    stages = [Stage("a", "keying", done) for done in range(3)]
    events = [stages[0], stages[1], frame(1), stages[2], Stage("b", "loading")]
    for event in events:
        pending.put(event)
    assert pending.take() == events[1:]


def test_full_queue_drops_old_progress_and_no_end() -> None:
    pending = Pending(most=5)
    events = [Ready("0", (1,)), frame(1), Done("a"), frame(2), Failed("b", "input", "c")]
    ends = [Done("c"), Done("d"), Ended(0)]
    for event in [*events, frame(3), frame(4), *ends]:
        pending.put(event)
    assert pending.take() == [events[0], events[2], events[4], *ends]


def test_host_that_does_not_look_costs_no_memory() -> None:
    pending = Pending(most=100)
    for number in range(1000):
        pending.put(frame(number))
    assert pending.take() == [frame(number) for number in range(900, 1000)]


def test_nothing_follows_the_end() -> None:
    pending = Pending()
    pending.put(Ended(0))
    pending.put(frame(1))
    assert pending.take() == [Ended(0)]
    started = time.monotonic()
    assert pending.take(60.0) == []  # and nobody waits for it
    assert time.monotonic() - started < 30


def test_waiting_ends_with_an_event_or_the_time() -> None:
    pending = Pending()
    started = time.monotonic()
    assert pending.take(0.05) == []
    assert time.monotonic() - started >= 0.04
    threading.Timer(0.05, pending.put, [frame(1)]).start()
    assert pending.take(60.0) == [frame(1)]
    assert time.monotonic() - started < 30
