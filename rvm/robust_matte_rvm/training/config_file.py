"""Reading a configuration, and saying what is wrong with it."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from robust_matte_rvm.errors import TrainConfigError
from robust_matte_rvm.training.config import PassConfig, StageConfig, TrainConfig

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["read_config"]

_SEE = "docs/training.md lists what a configuration may say."
_KINDS = 'Write kind = "mattes", or another one of those that docs/training-data.md lists.'
_LEAST_VIEW = 16  # pixels; the deepest features are a sixteenth of it
_BOUNDS = {"greater_than_equal": "ge", "greater_than": "gt", "less_than_equal": "le"}
_BOUNDS |= {"less_than": "lt"}
_WORDS = {"ge": "from {} up", "gt": "above {}", "le": "up to {}", "lt": "below {}"}


def read_config(file: Path) -> TrainConfig:
    """Read a configuration; its relative paths begin beside it.

    Raises:
        TrainConfigError: It cannot be read, or asks for what is not possible; the first fault is
            told.
    """
    try:
        told = tomllib.loads(file.read_bytes().decode("utf-8"))
        config = TrainConfig.model_validate(told).beside(file.absolute().parent)
    except OSError as error:
        raise TrainConfigError(
            f"The configuration {file} cannot be read: {error.strerror}.",
            "Name the TOML file that describes the run; " + _SEE,
        ) from error
    except UnicodeDecodeError as error:
        raise TrainConfigError(f"The configuration {file} is not UTF-8.", _SEE) from error
    except tomllib.TOMLDecodeError as error:
        raise TrainConfigError(
            f"The configuration {file} is not TOML: {error}.",
            "Correct that line; texts stand in quotes, and lists in square brackets.",
        ) from error
    except ValidationError as error:
        raise _refused(file, _worst(error.errors())) from error
    _check_names(file, config)
    _check_views(file, config)
    _check_ranges(file, config)
    _check_files(file, config)
    return config


def _worst(complaints: "list[ErrorDetails]") -> "ErrorDetails":
    """Return the first unknown key, for a slip makes another one missing; else the first one."""
    unknown = (one for one in complaints if one["type"] == "extra_forbidden")
    return next(unknown, complaints[0])


def _refused(file: Path, complaint: "ErrorDetails") -> TrainConfigError:
    """Build the error for one of pydantic's complaints."""
    key, kind = _spell(complaint), complaint["type"]
    if kind == "extra_forbidden":
        return TrainConfigError(f"{file} has {key}, which is not known.", _alike(complaint))
    if kind in ("missing", "union_tag_not_found"):
        return TrainConfigError(f"{file} lacks {key}.", _SEE if kind == "missing" else _KINDS)
    value = complaint.get("ctx", {}).get("tag", complaint["input"])
    spelt = f'"{value}"' if isinstance(value, str) else str(value)
    return TrainConfigError(f"{file}: {key} cannot be {spelt}.", _way_out(complaint))


def _spell(complaint: "ErrorDetails") -> str:
    """Return a key's path as `stages[2].size[0]`; the kind of a data set is no part of it."""
    place = complaint["loc"]
    parts = place[:2] + place[3:] if place[:1] == ("data",) else place
    if complaint["type"].startswith("union_tag"):
        parts = (*place, "kind")
    text = ""
    for part in parts:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _way_out(complaint: "ErrorDetails") -> str:
    """Say what may be written instead."""
    bounds = complaint.get("ctx", {})
    if complaint["type"] in _BOUNDS:
        name = _BOUNDS[complaint["type"]]
        return f"Write a number {_WORDS[name].format(bounds[name])}."
    if listed := bounds.get("expected_tags", bounds.get("expected")):
        return f"Write {str(listed).replace(chr(39), chr(34))}."
    if complaint["type"] == "too_short":
        return f"Write at least {bounds['min_length']}."
    if complaint["type"] == "string_pattern_mismatch":
        return "Write letters, digits, spaces, - and _ alone: it becomes part of files' names."
    kind = complaint["type"].partition("_")[0]
    wanted = {"int": "a whole number", "float": "a number", "string": "a text in quotes"}
    wanted |= {
        "finite": "a number",
        "bool": "true or false",
        "tuple": "a list in square brackets",
        "path": "a path",
    }
    return f"Write {wanted[kind]}." if kind in wanted else _SEE


def _alike(complaint: "ErrorDetails") -> str:
    known = {name for one in (TrainConfig, StageConfig, PassConfig) for name in one.model_fields}
    alike = difflib.get_close_matches(str(complaint["loc"][-1]), sorted(known), n=1)
    return f"{alike[0]} looks like it; {_SEE}" if alike else _SEE


def _check_names(file: Path, config: TrainConfig) -> None:
    """Raise TrainConfigError where a stage speaks of a data set or a pass that is not there."""
    for place, shares in _shares(config):
        for name in shares.keys() - config.data.keys():
            raise TrainConfigError(
                f"{file}: {place} names the data set {name}, which is not there.",
                f"Write a table [data.{name}], or one of {', '.join(sorted(config.data))}.",
            )
        if not sum(shares.values()) and shares:
            raise TrainConfigError(
                f"{file}: the shares of {place} are all 0.",
                "Give at least one of the data sets a share above 0.",
            )
    for stage in config.stages:
        known = {"main", *stage.passes}
        for name in sorted({*stage.order} - known):
            raise TrainConfigError(
                f"{file}: the order of the stage {stage.name} names the pass {name}, "
                "which is not there.",
                f"Write a table [stages.passes.{name}] in it, or {' or '.join(sorted(known))}.",
            )
        for name in sorted(known - {*stage.order, "main"}):
            raise TrainConfigError(
                f"{file}: the stage {stage.name} has a pass {name}, which its order does not name.",
                f'Write order = ["main", "{name}"] in the stage, or leave the table out.',
            )


def _check_views(file: Path, config: TrainConfig) -> None:
    """Raise TrainConfigError where the network would work at a few pixels."""
    for place, batch in _passes(config):
        if batch.view is None:
            continue
        least = min(batch.smallest or batch.size) * batch.view if batch.view <= 1 else batch.view
        if least < _LEAST_VIEW:
            raise TrainConfigError(
                f"{file}: the view of {place} is {least:g} pixels.",
                f"Write at least {_LEAST_VIEW}, or a share up to 1 that leaves as many.",
            )


def _check_ranges(file: Path, config: TrainConfig) -> None:
    """Raise TrainConfigError where the least is above the greatest."""
    for place, batch in _passes(config):
        low = batch.smallest or batch.size
        if any(least > most for least, most in zip(low, batch.size, strict=True)):
            raise TrainConfigError(
                f"{file}: smallest of {place} is {list(low)}, above its size, {list(batch.size)}.",
                "Write height and width of smallest no greater than those of size.",
            )
    for name, data in config.data.items():
        if data.closest > data.widest:
            raise TrainConfigError(
                f"{file}: closest of the data set {name} is {data.closest:g}, above its widest, "
                f"{data.widest:g}.",
                "Write closest no greater than widest; not given they are 0.5 and 1.1.",
            )


def _check_files(file: Path, config: TrainConfig) -> None:
    """Raise TrainConfigError where what is asked for needs a teacher, or files that are missing."""
    for role, path in (
        ("start", config.start),
        ("encoder", config.encoder),
        ("teacher", config.teacher),
    ):
        if path and not path.is_file():
            raise TrainConfigError(
                f"{file}: {role} names {path}, where no file is.",
                "Relative paths begin at the configuration's folder.",
            )
    if config.teacher:
        return
    for stage in config.stages:
        if stage.features or stage.hidden:
            raise TrainConfigError(
                f"{file}: the stage {stage.name} learns features of a teacher, and none is named.",
                'Name its weights: teacher = "FILE", above all tables; or leave them out.',
            )


def _shares(config: TrainConfig) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Yield where data sets are named, and the shares."""
    yield "validation", config.validation.data
    yield from ((place, batch.data) for place, batch in _passes(config))


def _passes(config: TrainConfig) -> Iterator[tuple[str, PassConfig]]:
    """Yield all passes of all stages, and how to speak of them."""
    for stage in config.stages:
        yield f"the stage {stage.name}", stage
        for name, batch in stage.passes.items():
            yield f"the pass {name} of the stage {stage.name}", batch
