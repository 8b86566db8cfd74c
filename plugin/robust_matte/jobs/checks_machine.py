"""Checks of the machine: Python, torch and its device, cores and memory.

Libraries are imported by the check that needs them: one that cannot be loaded is a finding.
"""

import os
import platform
import sys
from collections.abc import Iterator

from robust_matte.jobs.examination import Examination
from robust_matte.jobs.findings import Finding, State

__all__ = ["check_cores", "check_memory", "check_python", "check_torch"]

_NEWEST_TESTED = (3, 13)
_GIB = 2**30


def check_python(examination: Examination) -> Iterator[Finding]:  # noqa: ARG001 - as checks are
    """Say which Python runs this."""
    said = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.prefix}"
    if sys.version_info[:2] > _NEWEST_TESTED:
        yield Finding(
            name="Python",
            state=State.WARNING,
            said=f"{said}; newer than was tested",
            todo="Take Python 3.11, 3.12 or 3.13 if something fails",
        )
        return
    yield Finding(name="Python", said=said)


def check_torch(examination: Examination) -> Iterator[Finding]:
    """Say which torch this is, which device it takes, and why not the card that is here."""
    from robust_matte.keying.devices import probe_torch
    from robust_matte.keying.graphics import probe_graphics
    from robust_matte.keying.verdicts import judge_device

    torch = probe_torch(examination.device)
    toolkit = f" {torch.toolkit}" if torch.toolkit else ""
    build = "for the CPU alone" if torch.build == "CPU" else f"for {torch.build}{toolkit}"
    yield Finding(name="torch", said=f"{torch.version}, built {build}")
    verdict = judge_device(examination.device, probe_graphics(), torch)
    if verdict.stops:
        yield Finding(
            name="device",
            state=State.PROBLEM,
            said=verdict.said,
            todo=verdict.todo,
            exit_code=5,
        )
        return
    examination.runs_on = examination.device
    state = State.WARNING if verdict.todo else State.OK
    yield Finding(name="device", state=state, said=verdict.said, todo=verdict.todo)


def check_cores(examination: Examination) -> Iterator[Finding]:  # noqa: ARG001 - as checks are
    """Compare the machine's cores with those this process may use."""
    from robust_matte.keying.cores import available_cores, core_quota, default_threads

    usable, present, quota = available_cores(), os.cpu_count() or 1, core_quota()
    said = f"{usable} of {present} may be used" if usable < present else f"{usable}"
    if quota is not None and quota < usable:
        said += f", but a control group allows the time of {quota:.3g}"
    yield Finding(name="cores", said=f"{said}; on the CPU the network takes {default_threads()}")


def check_memory(examination: Examination) -> Iterator[Finding]:  # noqa: ARG001 - as checks are
    """Say how much memory a job may take."""
    from robust_matte.jobs.memory import memory_needed
    from robust_matte.keying.memory import free_memory
    from robust_matte.media.windows import Size
    from robust_matte.settings.warm_up import DEFAULT_WARM_UP

    free, needed = free_memory(), memory_needed(Size(1920, 1080), Size(512, 288), DEFAULT_WARM_UP)
    said = f"{free / _GIB:.1f} GiB free for this process"
    if free < needed:
        yield Finding(
            name="memory",
            state=State.WARNING,
            said=f"{said}, and 1080p takes about {needed / _GIB:.1f} on the CPU",
            todo="Close other programs, or raise the limit of the container or farm slot",
        )
        return
    yield Finding(name="memory", said=said)
