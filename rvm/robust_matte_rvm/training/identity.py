"""What decides the numbers of a run, and whether it can go on under a configuration."""

from collections.abc import Iterator, Mapping
from hashlib import file_digest
from pathlib import Path
from typing import Any

from robust_matte_rvm.errors import RunFolderError
from robust_matte_rvm.training.config import TrainConfig

__all__ = ["check_identity", "file_sha256", "identify"]

_FREE = {  # of these a run may change its mind
    "workers",
    "log_every",
    "checkpoint_every",
    "validate_every",
    "sheet_every",
    "words",
    "validation",
}


def identify(config: TrainConfig, processes: int) -> dict[str, Any]:
    """Return what decides a run's numbers, as JSON can hold it.

    Args:
        config: The run's.
        processes: How many train together: each draws clips of its own.
    """
    told: dict[str, Any] = config.model_dump(mode="json", exclude=_FREE)
    told["processes"] = processes
    if config.teacher:
        told["teacher"] = f"sha256 {file_sha256(config.teacher)}"
    return told


def check_identity(
    folder: Path, before: Mapping[str, Any], now: Mapping[str, Any], begun: int
) -> None:
    """Make sure that a run that was stopped would go on as the one it was.

    Args:
        folder: Of the run.
        before: What it was.
        now: What it shall be.
        begun: How many stages it has begun; later ones may be other ones, and more.

    Raises:
        RunFolderError: It would be another run; the first difference is told.
    """
    old, new = (dict(_flatten(_begun(one, begun))) for one in (before, now))
    for key in [*old, *(new.keys() - old.keys())]:
        if old.get(key) != new.get(key):
            raise RunFolderError(
                f"The run in {folder} began with {_spell(key, old)}, not with {_spell(key, new)}.",
                "Set it back to go on; or name another folder with --out, to begin anew.",
            )


def file_sha256(file: Path) -> str:
    """Return a file's SHA-256, in hexadecimal digits."""
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()


def _begun(told: Mapping[str, Any], begun: int) -> dict[str, Any]:
    """Leave out stages that lie ahead, and data sets that only they name."""
    stages = told["stages"][:begun]
    passes = [one for stage in stages for one in (stage, *stage["passes"].values())]
    named = {name for one in passes for name in one["data"]}
    data = {name: one for name, one in told["data"].items() if name in named}
    return {**told, "stages": stages, "data": data}


def _flatten(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield plain values by their paths, such as `stages[1].rate`."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _flatten(one, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _flatten(one, f"{key}[{index + 1}]")
    else:
        yield key, value


def _spell(key: str, told: Mapping[str, Any]) -> str:
    return f"{key} = {told[key]}" if key in told else f"no {key}"
