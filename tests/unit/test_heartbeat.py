"""A sign of life after a silence, by a clock that never goes back."""

import threading

from robust_matte.jobs.heartbeat import Heartbeat


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_beats_after_each_minute_of_silence_and_says_how_long() -> None:
    clock, beats = Clock(), list[float]()
    heart = Heartbeat(beats.append, every_s=60.0, clock=clock)
    for second in range(1, 181):
        clock.now = second
        heart.look()
    assert beats == [60.0, 120.0, 180.0]


def test_a_line_puts_it_off_and_what_is_not_told_does_not() -> None:
    clock, beats = Clock(), list[float]()
    heart = Heartbeat(beats.append, every_s=60.0, clock=clock)
    clock.now = 50.0
    heart.happened()
    heart.told()
    clock.now = 100.0
    heart.happened()  # but nothing was told of it
    heart.look()
    assert beats == []
    clock.now = 110.0
    heart.look()
    assert beats == [10.0]


def test_thread_beats_by_itself_and_ends() -> None:
    beaten = threading.Event()
    before = threading.active_count()
    with Heartbeat(lambda _: beaten.set(), every_s=0.01):
        assert beaten.wait(60)
    assert threading.active_count() == before


def test_nobody_listening_is_no_matter() -> None:
    beaten = threading.Event()

    def beat(_: float) -> None:
        beaten.set()
        raise BrokenPipeError

    with Heartbeat(beat, every_s=0.01):
        assert beaten.wait(60)
