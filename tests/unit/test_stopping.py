"""Being told to stop, also where a library is in the way."""

import signal
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from robust_matte.cli.stopping import OnTerm, noting_signals, stopped_by, stopping_softly
from robust_matte.errors import Cancelled, Preempted, RobustMatteError
from robust_matte.jobs.stop_request import StopRequest

SIGNALS = [
    pytest.param(signal.SIGINT, Cancelled, id="ctrl-c"),
    pytest.param(signal.SIGTERM, Preempted, id="farm"),
]


@pytest.fixture(autouse=True)
def _handlers_come_back() -> Iterator[None]:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def go_on(number: signal.Signals) -> None:
    """Take no notice of a signal."""
    with stopping_softly("Take it easy."):
        signal.raise_signal(number)
        pytest.fail("went on after the signal")


def break_an_import(number: signal.Signals) -> None:
    """Do as NumPy does where the signal comes while its compiled part is imported."""
    with stopping_softly("Take it easy."):
        try:
            signal.raise_signal(number)
        except BaseException as error:
            raise ImportError("numpy.core.multiarray failed to import") from error


def lose_it(number: signal.Signals) -> None:
    """Do as torch does: the import goes on, and so does what comes after it."""
    with stopping_softly("Take it easy.") as heed:
        with suppress(BaseException):
            signal.raise_signal(number)
        heed()
        pytest.fail("went on after the signal")


def lose_it_at_the_end(number: signal.Signals) -> None:
    with stopping_softly("Take it easy."), suppress(BaseException):
        signal.raise_signal(number)


@pytest.mark.parametrize(("number", "kind"), SIGNALS)
@pytest.mark.parametrize("work", [go_on, break_an_import, lose_it, lose_it_at_the_end])
def test_signal_ends_any_work_with_its_own_error(
    work: Callable[[signal.Signals], None], number: signal.Signals, kind: type[RobustMatteError]
) -> None:
    with pytest.raises(kind) as caught:
        work(number)
    assert caught.value.hint == "Take it easy."


def test_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping_softly() as heed:
            signal.raise_signal(signal.SIGINT)
            heed()
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="odd"), stopping_softly():
        raise ValueError("odd")


@pytest.mark.parametrize(("number", "kind"), SIGNALS)
def test_a_noted_signal_lets_work_end_its_step(
    number: signal.Signals, kind: type[RobustMatteError]
) -> None:
    with stopping_softly(), noting_signals() as came:
        assert came == []
        signal.raise_signal(number)
        assert came == [number]
        signal.raise_signal(number)  # torchrun hands on what the terminal has sent already
    error = stopped_by(came, "Take it easy.")
    assert type(error) is kind
    assert error.hint == "Take it easy."


def end_the_frame(number: signal.Signals, request: StopRequest, steps: list[str]) -> None:
    with stopping_softly("Take it easy.", request=request), request.heeding():
        signal.raise_signal(number)
        steps.append("the frame ends")
        signal.raise_signal(signal.SIGTERM)  # as farms do that have no patience
        steps.append("the state is kept")
        request.heed()
        pytest.fail("went on after the frame")


@pytest.mark.parametrize(("number", "kind"), SIGNALS)
def test_work_that_heeds_is_asked_and_not_broken_off(
    number: signal.Signals, kind: type[RobustMatteError]
) -> None:
    steps: list[str] = []
    with pytest.raises(kind) as caught:
        end_the_frame(number, StopRequest(), steps)
    assert steps == ["the frame ends", "the state is kept"]
    assert caught.value.hint == "Take it easy."


def press_ctrl_c_twice(request: StopRequest) -> None:
    with stopping_softly(request=request), request.heeding():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("went on after the second")


def test_second_ctrl_c_stops_at_once() -> None:
    with pytest.raises(Cancelled):
        press_ctrl_c_twice(StopRequest())


def be_stopped_beside_it(number: signal.Signals, request: StopRequest, *, is_after: bool) -> None:
    with stopping_softly(request=request):
        if is_after:
            with request.heeding():
                pass
        signal.raise_signal(number)
        pytest.fail("went on after the signal")


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize(("number", "kind"), SIGNALS)
def test_signal_is_abrupt_before_and_after_the_work_that_heeds(
    number: signal.Signals, kind: type[RobustMatteError], is_after: bool
) -> None:
    request = StopRequest()
    with pytest.raises(kind):
        be_stopped_beside_it(number, request, is_after=is_after)
    assert not request.is_asked


def test_work_that_is_finished_when_it_is_asked_to_stop_ends_well() -> None:
    request = StopRequest()
    with stopping_softly(request=request) as heed:
        with request.heeding():
            signal.raise_signal(signal.SIGTERM)
        heed()
    assert request.is_asked


@pytest.mark.parametrize(
    ("number", "on_term", "wanted"),
    [
        pytest.param(signal.SIGTERM, OnTerm.SIGNAL, signal.SIGTERM, id="by the signal"),
        pytest.param(signal.SIGTERM, OnTerm.EXIT75, None, id="by the code"),
        pytest.param(signal.SIGINT, OnTerm.SIGNAL, None, id="Ctrl-C is always 130"),
    ],
)
def test_only_sigterm_may_end_by_itself(
    number: signal.Signals, on_term: OnTerm, wanted: int | None
) -> None:
    with pytest.raises(RobustMatteError) as caught, stopping_softly(on_term=on_term):
        signal.raise_signal(number)
    assert getattr(caught.value, "signal", None) == wanted


def test_whom_another_process_told_to_stop_was_told_by_a_farm() -> None:
    assert isinstance(stopped_by([], "Take it easy."), Preempted)
