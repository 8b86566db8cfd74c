"""What can go wrong, in words for the person at the keyboard and in numbers for the farm.

Every error says what happened, naming the thing and its values, and, as `hint`, the way out. The
class decides the exit code::

    RobustMatteError            1   internal
    ├── SettingsError           2   a flag or knob is out of range, or does not fit the plate
    │   ├── ProtocolError           a host's line is no message that the worker takes
    │   └── BusyError               a host's job came while the worker is at another
    ├── InputError              3   the plate cannot be used
    │   ├── FrameReadError          a file or movie cannot be decoded
    │   ├── FrameSizeError          frames of one plate differ in size
    │   └── MissingFramesError  4   the plate has holes and the policy is `fail`
    ├── ModelError              5   model, weights or device
    │   ├── WeightsMissingError
    │   ├── WeightsDamagedError
    │   ├── DeviceError
    │   ├── OtherPinsError          a segment was begun with other versions, device or threads
    │   └── OutOfMemoryError        the job needs more memory than there is
    ├── OutputError             6   writing failed
    │   ├── WriteError
    │   ├── DiskFullError
    │   ├── BadResultError          a finished frame is absent, cut off or of another job
    │   └── WouldOverwriteError
    ├── InstallationError       7   something that the command needs is not installed
    ├── Preempted              75   the machine is needed; running it again continues
    └── Cancelled             130   the user stopped the job; running it again continues
"""

from pathlib import Path
from typing import ClassVar

__all__ = [
    "BadResultError",
    "BusyError",
    "Cancelled",
    "DeviceError",
    "DiskFullError",
    "FrameReadError",
    "FrameSizeError",
    "InputError",
    "InstallationError",
    "MissingFramesError",
    "ModelError",
    "OtherPinsError",
    "OutOfMemoryError",
    "OutputError",
    "Preempted",
    "ProtocolError",
    "RobustMatteError",
    "SettingsError",
    "WeightsDamagedError",
    "WeightsMissingError",
    "WouldOverwriteError",
    "WriteError",
]


class RobustMatteError(Exception):
    """Base of every error this program raises on purpose.

    Args:
        what: One sentence naming the thing and its values.
        hint: One sentence with the way out.
        frame: The frame number concerned, for machines.
        path: The file or folder concerned, for machines.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, what: str, *, hint: str = "", frame: int | None = None, path: Path | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.frame = frame
        self.path = path

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".strip()


class SettingsError(RobustMatteError):
    """A flag, knob or job value is out of range or does not fit the plate."""

    exit_code = 2


class ProtocolError(SettingsError):
    """A line from a host is no message that the worker takes; it goes on with the next.

    Attributes:
        job: What the host calls the job that it meant to begin, or None.
    """

    def __init__(self, what: str, *, hint: str = "", job: str | None = None) -> None:
        super().__init__(what, hint=hint)
        self.job = job


class BusyError(SettingsError):
    """A host's job came while the worker is at another."""


class InputError(RobustMatteError):
    """The plate cannot be used."""

    exit_code = 3


class FrameReadError(InputError):
    """A file or movie cannot be opened or decoded."""


class FrameSizeError(InputError):
    """Frames of one plate differ in size."""


class MissingFramesError(InputError):
    """The plate has holes and the policy is `fail`."""

    exit_code = 4


class ModelError(RobustMatteError):
    """The model, its weights or the device cannot be used."""

    exit_code = 5


class WeightsMissingError(ModelError):
    """No weights where they were expected."""


class WeightsDamagedError(ModelError):
    """The weights are not what their names, shapes or hash say."""


class DeviceError(ModelError):
    """The device that was asked for cannot be used."""


class OtherPinsError(ModelError):
    """A segment was begun with other versions, another device or other threads."""


class OutOfMemoryError(ModelError):
    """The job needs more memory than the machine, or the farm, gives it."""


class OutputError(RobustMatteError):
    """The result cannot be written."""

    exit_code = 6


class WriteError(OutputError):
    """A file or folder cannot be written."""


class DiskFullError(OutputError):
    """The disk is full."""


class BadResultError(OutputError):
    """A frame that is to be finished is not there, cut off, or not what the plan asked for."""


class WouldOverwriteError(OutputError):
    """The output exists and is not this job's own."""


class InstallationError(RobustMatteError):
    """Something that the command needs is not installed."""

    exit_code = 7


class Preempted(RobustMatteError):  # noqa: N818 - not an error: the farm asked for it
    """The job was told to make room; finished frames are kept.

    Attributes:
        signal: The signal that the process ends by in place of the exit code, if it is to.
    """

    exit_code = 75
    signal: int | None = None


class Cancelled(RobustMatteError):  # noqa: N818 - not an error: the user asked for it
    """The user stopped the job; finished frames are kept."""

    exit_code = 130
