"""Which cards a machine has, read from what nvidia-smi and Linux say."""

import os
from pathlib import Path

import pytest

from robust_matte.keying.graphics import Card, Graphics, Maker, NodeState, probe_graphics

SMI = """
==============NVSMI LOG==============

Timestamp                                 : Sat Nov 21 04:00:00 2026
Driver Version                            : 580.65.06
CUDA Version                              : 13.0

Attached GPUs                             : 2
GPU 00000000:17:00.0
    Product Name                          : NVIDIA RTX 6000 Ada Generation
    Product Brand                         : NVIDIA RTX
GPU 00000000:65:00.0
    Product Name                          : NVIDIA T400
"""
BROKEN_SMI = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that "
    "the latest NVIDIA driver is installed and running.\n"
)
KERNEL = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.82.01  Wed Oct 27 21:21:55 UTC 2021\n"


def card(root: Path, slot: str, vendor: str, kind: str = "0x030000") -> None:
    """Put a device onto the PCI bus."""
    folder = root / "sys/bus/pci/devices" / slot
    folder.mkdir(parents=True)
    (folder / "vendor").write_text(f"{vendor}\n")
    (folder / "class").write_text(f"{kind}\n")
    (folder / "device").write_text("0x2335\n")


def probe(root: Path, smi: tuple[int, str] | None = None, **variables: str) -> Graphics:
    (root / "proc").mkdir(exist_ok=True)
    return probe_graphics(root, run=lambda _: smi, environment=variables)


def test_bare_machine_has_nothing(tmp_path: Path) -> None:
    assert probe(tmp_path) == Graphics()


def test_nvidia_smi_tells_cards_driver_and_cuda(tmp_path: Path) -> None:
    card(tmp_path, "0000:17:00.0", "0x10de")  # the same card, seen twice
    found = probe(tmp_path, (0, SMI), CUDA_VISIBLE_DEVICES="1")
    assert found == Graphics(
        cards=(
            Card(Maker.NVIDIA, "NVIDIA RTX 6000 Ada Generation"),
            Card(Maker.NVIDIA, "NVIDIA T400"),
        ),
        driver="580.65.06",
        driver_cuda=(13, 0),
        hidden="1",
    )


def test_card_without_a_driver_is_seen_on_the_bus(tmp_path: Path) -> None:
    card(tmp_path, "0000:03:00.0", "0x10de", "0x030200")
    card(tmp_path, "0000:04:00.0", "0x1002")
    card(tmp_path, "0000:05:00.0", "0x10de", "0x040300")  # its sound
    card(tmp_path, "0000:06:00.0", "0x8086")
    found = probe(tmp_path)
    assert [one.maker for one in found.cards] == [Maker.NVIDIA, Maker.AMD]
    assert found.cards[0].name == "NVIDIA card 2335 at 0000:03:00.0"
    assert found.driver is None


def test_broken_nvidia_smi_is_told_with_the_driver_of_the_kernel(tmp_path: Path) -> None:
    version = tmp_path / "proc/driver/nvidia/version"
    version.parent.mkdir(parents=True)
    version.write_text(KERNEL)
    found = probe(tmp_path, (9, BROKEN_SMI))
    assert found.driver == "470.82.01"
    assert found.trouble is not None
    assert found.trouble.startswith("NVIDIA-SMI has failed because")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no device files")
def test_device_files_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidiactl").touch()
    found = probe(tmp_path)
    assert (found.nvidia_node, found.amd_node) == (NodeState.USABLE, NodeState.ABSENT)
    (tmp_path / "dev/dxg").touch()  # Linux within Windows reaches the card through this one
    assert probe(tmp_path).amd_node is NodeState.USABLE


def test_a_program_that_is_not_there_is_none(tmp_path: Path) -> None:
    found = probe_graphics(tmp_path, environment={"PATH": str(tmp_path)})
    assert isinstance(found, Graphics)
