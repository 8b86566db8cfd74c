"""What a doctor's check is told, and what a check is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from robust_matte.jobs.findings import Finding

__all__ = ["Check", "Examination"]


@dataclass(slots=True, kw_only=True)
class Examination:
    """What is examined.

    Attributes:
        model: As `key --model`.
        device: As `key --device`.
        output: A folder that results are to go to; it need not exist.
        runs_on: The device that the network is tried on: `device` once that is known to work.
    """

    model: str = "auto"
    device: str = "auto"
    output: Path
    runs_on: str = "cpu"


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: What it looks at.
        run: Yields what it finds; may raise anything.
        exit_code: What `key` would end with if it fails.
    """

    name: str
    run: Callable[[Examination], Iterator[Finding]]
    exit_code: int
