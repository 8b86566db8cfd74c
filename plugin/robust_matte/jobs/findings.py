"""What `robust-matte doctor` finds, as the document that `--json` prints."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field

__all__ = ["DoctorReport", "Finding", "State"]

_STRICT = ConfigDict(frozen=True, extra="forbid")


class State(StrEnum):
    """How one thing stands."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(BaseModel):
    """What is said of one thing.

    Attributes:
        name: The thing, in a word or two.
        state: How it stands.
        said: What was found, without a full stop.
        todo: What to do, without a full stop; empty where nothing is to be done.
        exit_code: What `key` would end with on account of a problem; else 0.
    """

    model_config = _STRICT
    name: str
    state: State = State.OK
    said: str
    todo: str = ""
    exit_code: int = 0


class DoctorReport(BaseModel):
    """All that was found.

    Attributes:
        schema_version: Version of this document's form.
        version: This program's version.
        findings: In the order of the checks.
    """

    model_config = _STRICT
    schema_version: Literal[1] = 1
    version: str
    findings: tuple[Finding, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_ready(self) -> bool:
        """Whether there are no problems; warnings are none."""
        return not any(one.state is State.PROBLEM for one in self.findings)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def exit_code(self) -> int:
        """That of the first problem; 0 if there is none."""
        codes = (one.exit_code for one in self.findings if one.state is State.PROBLEM)
        return next(codes, 0)
