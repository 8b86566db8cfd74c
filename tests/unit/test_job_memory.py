"""Whether a job fits into memory: what is estimated, refused and warned of."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from robust_matte.errors import OutOfMemoryError
from robust_matte.jobs.framing import Windows
from robust_matte.jobs.memory import check_memory, memory_needed
from robust_matte.jobs.progress import Event, Warned
from robust_matte.keying.model import ModelIdentity
from robust_matte.media.windows import Size, Window
from robust_matte.settings.choices import Refiner

GIB = 2**30
HD, LOW = Size(1920, 1080), Size(512, 288)
CPU = ModelIdentity(
    variant="mobilenetv3",
    usual_side=512,
    refiner=Refiner.AUTO,
    device="cpu",
    threads=1,
    torch="0",
)
CARD = replace(CPU, device="NVIDIA H200")


def opened(area: Window, display: Window | None = None) -> Any:
    windows = Windows(display or area, area)
    settings = SimpleNamespace(warm_up=16, downsample="auto")
    masks = SimpleNamespace(are_any=False)
    return SimpleNamespace(windows=windows, settings=settings, masks=masks, low_size=lambda _: LOW)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set how much is free."""

    def set_free(count: float) -> None:
        monkeypatch.setattr("robust_matte.jobs.memory.free_memory", lambda: int(count))

    return set_free


# Peaks measured above a loaded network, two cores; see jobs/memory.py.
@pytest.mark.parametrize(
    ("size", "measured_gib"),
    [
        pytest.param(Size(1920, 1080), 1.09, id="1080p"),
        pytest.param(Size(3840, 2160), 3.26, id="4K"),
        pytest.param(Size(7680, 4320), 11.17, id="8K"),
    ],
)
def test_estimate_is_a_little_over_what_was_measured(size: Size, measured_gib: float) -> None:
    assert 1.0 <= memory_needed(size, LOW, 16) / GIB / measured_gib <= 1.15


def test_a_network_on_a_card_takes_none_of_the_machine() -> None:
    low = Size(1920, 1080)
    beside = memory_needed(HD, low, 0, is_cpu=False)
    assert beside == memory_needed(HD, LOW, 0, is_cpu=False)
    assert memory_needed(HD, low, 0) > memory_needed(HD, LOW, 0)


def test_more_warm_up_takes_more() -> None:
    assert memory_needed(HD, LOW, 256) - memory_needed(HD, LOW, 0) == 256 * 512 * 288 * 12


def test_a_job_that_fits_is_told_nothing(free: Any) -> None:
    events: list[Event] = []
    free(2 * GIB)
    check_memory(opened(Window(0, 0, 1920, 1080)), CPU, events.append)
    assert events == []


def test_a_job_that_hardly_fits_is_warned_of(free: Any) -> None:
    events: list[Event] = []
    free(memory_needed(HD, LOW, 16))
    check_memory(opened(Window(0, 0, 1920, 1080)), CPU, events.append)
    (event,) = events
    assert isinstance(event, Warned)
    assert event.text.startswith("Keying 1920x1080 needs about 1.1 GiB of memory, 1.1 GiB are")


def test_a_job_that_does_not_fit_is_refused(free: Any) -> None:
    free(memory_needed(HD, LOW, 16) - 1)
    with pytest.raises(OutOfMemoryError) as caught:
        check_memory(opened(Window(0, 0, 1920, 1080)), CPU, print)
    assert caught.value.exit_code == 5
    assert caught.value.hint.startswith("Close other programs")


def test_a_card_makes_room_for_more_frames_to_wait(free: Any) -> None:
    free(memory_needed(HD, LOW, 16))
    with pytest.raises(OutOfMemoryError):
        check_memory(opened(Window(0, 0, 1920, 1080)), CARD, print)


def test_overscan_is_named_only_where_leaving_it_helps(free: Any) -> None:
    area, display = Window(-1000, 0, 6000, 4000), Window(0, 0, 4000, 4000)
    free(memory_needed(display.size, LOW, 16) * 1.1)
    with pytest.raises(OutOfMemoryError, match="--work-area display"):
        check_memory(opened(area, display), CPU, print)
    free(1 * GIB)
    with pytest.raises(OutOfMemoryError) as caught:
        check_memory(opened(area, display), CPU, print)
    assert "--work-area" not in caught.value.hint


def test_a_region_needs_less_than_the_whole_and_more_than_itself_alone(free: Any) -> None:
    """What lies around it is read and written, too."""
    area, region = Window(0, 0, 3840, 2160), Window(1600, 400, 640, 1200)
    job = opened(area)
    whole = memory_needed(area.size, LOW, 16)
    part = memory_needed(region.size, LOW, 16, around=3840 * 2160 - 640 * 1200)
    assert memory_needed(region.size, LOW, 16) < part < 0.8 * whole
    free((part + whole) / 2)
    with pytest.raises(OutOfMemoryError, match="Keying 3840x2160 needs about"):
        check_memory(job, CPU, print)
    job.windows = Windows(area, area, region)
    told: list[Event] = []
    check_memory(job, CPU, told.append)
    assert all("Keying 640x1200 needs about" in one.text for one in told if isinstance(one, Warned))
    free(part * 0.9)
    with pytest.raises(OutOfMemoryError, match="Keying 640x1200 needs about"):
        check_memory(job, CPU, print)
