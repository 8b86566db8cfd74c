"""Why a card cannot be used: every reason by its name, from facts that no machine here has."""

from dataclasses import replace
from pathlib import Path

import pytest

from robust_matte.keying.devices import CudaDevice, TorchDevices, Trial
from robust_matte.keying.graphics import Card, Graphics, Maker, NodeState
from robust_matte.keying.verdicts import Verdict, judge_device

GIB = 2**30
RTX = Card(Maker.NVIDIA, "NVIDIA RTX 6000")
RADEON = Card(Maker.AMD, "AMD card 744c at 0000:03:00.0")
MAC = Card(Maker.APPLE, "the Mac's own GPU (arm64 Python)")

NO_CARDS = Graphics()
HEALTHY = Graphics(cards=(RTX,), driver="580.65", driver_cuda=(13, 0), nvidia_node=NodeState.USABLE)
CPU_BUILD = TorchDevices(version="2.13.0+cpu", build="CPU")
CUDA_BUILD = TorchDevices(version="2.13.0", build="CUDA", toolkit="13.0")
ROCM_BUILD = TorchDevices(version="2.13.0+rocm7.1", build="ROCm", toolkit="7.1.0")
METAL_BUILD = TorchDevices(version="2.13.0", build="Metal")
WORKING = replace(
    CUDA_BUILD,
    architectures=("sm_75", "sm_80", "sm_90", "sm_120", "compute_120"),
    devices=(CudaDevice(name=RTX.name, capability=(8, 9), total=48 * GIB),),
    trial=Trial(free=47 * GIB),
)


def of_capability(major: int, minor: int) -> TorchDevices:
    card = replace(WORKING.devices[0], capability=(major, minor))
    return replace(WORKING, devices=(card,))


UNUSABLE = [
    pytest.param(HEALTHY, CPU_BUILD, "is the build without CUDA", "--torch cuda", id="CPU build"),
    pytest.param(HEALTHY, ROCM_BUILD, "is built for ROCm", "--torch cuda", id="build for AMD"),
    pytest.param(
        Graphics(cards=(RTX,)),
        CUDA_BUILD,
        "no NVIDIA driver is loaded",
        "Install NVIDIA's driver for CUDA 13.0",
        id="no driver",
    ),
    pytest.param(
        replace(HEALTHY, driver="535.104", driver_cuda=(12, 2)),
        CUDA_BUILD,
        "535.104 serves CUDA up to 12.2, and torch 2.13.0 needs CUDA 13.0",
        "Update the driver",
        id="driver too old, by its CUDA",
    ),
    pytest.param(
        replace(HEALTHY, driver_cuda=None),
        replace(CUDA_BUILD, failure="The NVIDIA driver on your system is too old (found 11040)"),
        "the NVIDIA driver 580.65 is old",
        "Update the driver",
        id="driver too old, by torch's words",
    ),
    pytest.param(
        replace(HEALTHY, trouble="Failed to initialize NVML: Driver/library version mismatch"),
        CUDA_BUILD,
        "version mismatch",
        "Restart the machine",
        id="driver updated without a restart",
    ),
    pytest.param(
        replace(HEALTHY, nvidia_node=NodeState.DENIED),
        CUDA_BUILD,
        "you may not open /dev/nvidiactl",
        "group that owns it",
        id="no permission",
    ),
    pytest.param(
        replace(HEALTHY, nvidia_node=NodeState.ABSENT),
        CUDA_BUILD,
        "/dev/nvidiactl is not here",
        "--gpus all",
        id="container without its GPU",
    ),
    pytest.param(
        replace(HEALTHY, hidden=""),
        CUDA_BUILD,
        'CUDA_VISIBLE_DEVICES is "", which hides NVIDIA RTX 6000',
        "Unset it",
        id="hidden by an empty variable",
    ),
    pytest.param(
        replace(HEALTHY, hidden="7"),
        CUDA_BUILD,
        'CUDA_VISIBLE_DEVICES is "7"',
        "Unset it",
        id="hidden by another number",
    ),
    pytest.param(
        HEALTHY,
        replace(CUDA_BUILD, failure="CUDA unknown error"),
        "torch says of NVIDIA RTX 6000: CUDA unknown error",
        "Update the driver",
        id="torch's own reason",
    ),
    pytest.param(
        Graphics(cards=(RADEON,)), CPU_BUILD, "is built without ROCm", "ROCm", id="AMD, CPU build"
    ),
    pytest.param(
        Graphics(cards=(RADEON,), amd_node=NodeState.DENIED),
        ROCM_BUILD,
        "/dev/kfd is denied",
        "groups render and video",
        id="AMD, no permission",
    ),
    pytest.param(
        Graphics(cards=(RADEON,), amd_node=NodeState.USABLE),
        replace(ROCM_BUILD, failure="HIP error"),
        "torch says of AMD card",
        "ROCm",
        id="AMD, torch's own reason",
    ),
    pytest.param(
        Graphics(cards=(MAC,)), CPU_BUILD, "built without Metal", "arm64", id="Mac, Intel Python"
    ),
    pytest.param(
        Graphics(cards=(MAC,)), METAL_BUILD, "macOS gives torch no access", "macOS", id="old macOS"
    ),
]


@pytest.mark.parametrize(("graphics", "torch", "said", "todo"), UNUSABLE)
def test_card_that_torch_does_not_see_is_a_warning_with_its_reason(
    graphics: Graphics, torch: TorchDevices, said: str, todo: str
) -> None:
    verdict = judge_device("auto", graphics, torch)
    assert verdict.said.startswith("auto takes cpu: ")
    assert said in verdict.said
    assert todo in verdict.todo
    assert not verdict.stops


@pytest.mark.parametrize(("graphics", "torch", "said", "todo"), UNUSABLE)
def test_the_same_card_asked_for_by_name_stops_a_job(
    graphics: Graphics, torch: TorchDevices, said: str, todo: str
) -> None:
    name = "mps" if graphics.cards[0] is MAC else "cuda"
    verdict = judge_device(name, graphics, torch)
    assert verdict.said.startswith(f"{name} cannot be used: ")
    assert said in verdict.said
    assert todo in verdict.todo
    assert verdict.stops


FAILING = [
    pytest.param(
        of_capability(6, 1),
        "has compute capability 6.1, and torch 2.13.0 has code for 7.5, 8.0, 9.0, 12.0",
        "newer card",
        id="card too old for the build",
    ),
    pytest.param(
        replace(of_capability(13, 0), architectures=("sm_90", "sm_120")),
        "has compute capability 13.0",
        "newer torch",
        id="card too new for the build",
    ),
    pytest.param(
        replace(WORKING, trial=Trial(failure="CUDA out of memory", is_out_of_memory=True)),
        "has no memory left",
        "nvidia-smi lists them",
        id="out of memory",
    ),
    pytest.param(
        replace(WORKING, trial=Trial(failure="unspecified launch failure")),
        "does not calculate: unspecified launch failure",
        "Restart the machine",
        id="does not calculate",
    ),
]


@pytest.mark.parametrize("name", ["auto", "cuda", "cuda:0"])
@pytest.mark.parametrize(("torch", "said", "todo"), FAILING)
def test_card_that_a_job_would_take_and_fail_on_stops_it(
    name: str, torch: TorchDevices, said: str, todo: str
) -> None:
    verdict = judge_device(name, HEALTHY, torch)
    assert said in verdict.said
    assert todo in verdict.todo
    assert verdict.stops


@pytest.mark.parametrize(
    "torch",
    [
        pytest.param(of_capability(9, 0), id="the very one"),
        pytest.param(of_capability(8, 9), id="a later one of its generation"),
        pytest.param(of_capability(13, 0), id="translated from what is there"),
        pytest.param(replace(WORKING, build="ROCm", architectures=("gfx942",)), id="ROCm"),
    ],
)
def test_card_that_there_is_code_for_is_taken(torch: TorchDevices) -> None:
    verdict = judge_device("auto", HEALTHY, torch)
    assert verdict == Verdict(
        said="auto takes cuda:0, NVIDIA RTX 6000, 47.0 of 48.0 GiB free", todo="", stops=False
    )


def test_little_free_memory_is_a_warning() -> None:
    torch = replace(WORKING, trial=Trial(free=GIB))
    verdict = judge_device("auto", HEALTHY, torch)
    assert "1.0 of 48.0 GiB free, which may not do" in verdict.said
    assert verdict.todo
    assert not verdict.stops


def test_a_number_that_no_card_has_lists_those_there_are() -> None:
    verdict = judge_device("cuda:3", HEALTHY, WORKING)
    assert verdict.said == "cuda:3 is not among the cards: cuda:0 NVIDIA RTX 6000"
    assert verdict.stops


@pytest.mark.parametrize(
    ("name", "torch", "said"),
    [
        pytest.param("auto", CPU_BUILD, "auto takes cpu: no other device is seen", id="no card"),
        pytest.param("cpu", WORKING, "cpu, as asked", id="cpu by name"),
        pytest.param(
            "auto",
            replace(METAL_BUILD, sees_metal=True),
            "auto takes mps, the Mac's own GPU",
            id="Metal",
        ),
    ],
)
def test_all_is_well(name: str, torch: TorchDevices, said: str) -> None:
    assert judge_device(name, NO_CARDS, torch) == Verdict(said=said)


def test_nvidia_comes_before_a_chip_that_shows_the_desktop() -> None:
    both = replace(HEALTHY, cards=(RADEON, RTX))
    assert RTX.name in judge_device("auto", both, CPU_BUILD).said


def test_every_reason_is_in_the_documents(root: Path) -> None:
    """docs/doctor.md has what is said of each case, up to the names and numbers in it."""
    page = " ".join((root / "docs" / "doctor.md").read_text("utf-8").split())
    for case in (*UNUSABLE, *FAILING):
        todo = case.values[-1]
        assert str(todo) in page, case.id
