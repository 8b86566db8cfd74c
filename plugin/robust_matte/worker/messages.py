"""What a host says to the worker: one JSON object a line, and no key more than these.

A message is checked here as a message. The job in it is checked when its turn comes, by
`jobs/job_document`, so that a setting that is wrong is told as one.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "LONGEST_ID",
    "MESSAGES",
    "VERSION",
    "Bake",
    "Cancel",
    "JobId",
    "JobMessage",
    "Message",
    "Preview",
    "Probe",
    "Quit",
]

VERSION = 1
"""The version of the protocol."""

_LAST_FRAME = 2**31 - 1

LONGEST_ID = 200
"""Characters of the longest id."""

JobId = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
"""What a host calls a job; the worker only hands it back."""

_Job = Annotated[dict[str, Any], Field(description="A job: the settings of a keying job.")]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    v: Literal[1]


class Probe(_Message):
    """Asks what machine this is, and with a job what its plate is.

    Attributes:
        id: What the answer is called.
        job: The job whose plate is looked at, or None.
    """

    do: Literal["probe"]
    id: JobId
    job: _Job | None = None


class Bake(_Message):
    """Asks to key a plate: what `robust-matte key` does.

    Attributes:
        id: What the host calls the job.
        job: The job; or else
        job_file: a file with it, in full.
    """

    do: Literal["bake"]
    id: JobId
    job: _Job | None = None
    job_file: str | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _has_one_job(self) -> Self:
        if (self.job is None) == (self.job_file is None):
            raise ValueError("a bake has either a job or a job_file")
        return self


class Preview(_Message):
    """Asks for one frame of a job.

    Attributes:
        id: What the host calls it.
        job: The job.
        frame: The frame, in the plate's own numbers.
        quick: Whether the frame may be keyed without the state of those before it.
        folder: Where its files go, in full; None is a folder of the worker's own.
    """

    do: Literal["preview"]
    id: JobId
    job: _Job
    frame: int = Field(ge=-_LAST_FRAME, le=_LAST_FRAME)
    quick: bool = False
    folder: str | None = Field(None, min_length=1)


class Cancel(_Message):
    """Asks to end a job at the next frame.

    Attributes:
        id: The job.
    """

    do: Literal["cancel"]
    id: JobId


class Quit(_Message):
    """Asks to end the worker, as the end of stdin does."""

    do: Literal["quit"]


JobMessage = Probe | Bake | Preview
"""What begins a job, and is answered by `done`, `cancelled` or `failed`."""

Message = JobMessage | Cancel | Quit

MESSAGES: dict[str, type[Message]] = {
    "probe": Probe,
    "bake": Bake,
    "preview": Preview,
    "cancel": Cancel,
    "quit": Quit,
}
"""The messages by the word in `do`."""
