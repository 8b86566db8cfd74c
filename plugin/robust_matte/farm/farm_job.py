"""One job on a farm, as every engine is told it: which plates, where to, in how many bins."""

from pathlib import PurePath

from pydantic import Field, field_validator

from robust_matte.errors import SettingsError
from robust_matte.settings.checked import CheckedSettings

__all__ = ["MOST_BINS", "FarmJob", "Machine"]

MOST_BINS = 1000
_LONGEST_NAME = 128  # of an Open Job Description job, after its parameters are filled in


class Machine(CheckedSettings):
    """What a task that keys needs of a machine.

    Attributes:
        gpus: How many; 0 keys on the CPU, None on what there is.
        gpu_memory: Least memory of the GPU in MiB, or None for any.
        memory: Least memory in MiB, or None for any.
    """

    gpus: int | None = Field(None, ge=0, le=64)
    gpu_memory: int | None = Field(None, ge=1)
    memory: int | None = Field(None, ge=1)

    @property
    def device(self) -> str:
        """What the network runs on: once GPUs are asked for, a task without one fails at once."""
        if self.gpus is None:
            return "auto"
        return "cuda" if self.gpus else "cpu"


class FarmJob(CheckedSettings):
    """What becomes a job of an engine.

    Attributes:
        name: What the engine calls it.
        program: The program and its first words, such as `python -m robust_matte`.
        plates: The folder that all plates are in: the root `plates`.
        plate: What of it is keyed, relative to it: a folder of shots, one plate, or `.` for all.
        out: The folder that results and the plan go to: the root `out`.
        bins: Into how many tasks the work is packed.
        split: Frames after which a long segment is split, exactly; None leaves segments whole.
        model: Name of weights, or their file.
        options: Further options of `robust-matte plan`: of each its flag and, unless it is a
            switch, its value.
        machine: What keying needs.
    """

    name: str = Field("Robust Matte", min_length=1)
    program: tuple[str, ...] = Field(("robust-matte",), min_length=1)
    plates: str = Field(min_length=1)
    plate: str = Field(".", min_length=1)
    out: str = Field(min_length=1)
    bins: int = Field(16, ge=1, le=MOST_BINS)
    split: int | None = Field(None, ge=1)
    model: str = Field("auto", min_length=1)
    options: tuple[tuple[str, ...], ...] = ()
    machine: Machine = Machine()

    @property
    def option_words(self) -> tuple[str, ...]:
        """The options as words of a command line."""
        return tuple(word for option in self.options for word in option)

    @field_validator("name")
    @classmethod
    def _name_is_short(cls, name: str) -> str:
        if len(name) > _LONGEST_NAME or not name.isprintable():
            raise SettingsError(
                f'The job name "{name}" has {len(name)} characters, or some that cannot be seen.',
                hint=f"Choose one of at most {_LONGEST_NAME} letters, digits and signs.",
            )
        return name

    @field_validator("plate")
    @classmethod
    def _plate_is_inside(cls, plate: str) -> str:
        if PurePath(plate).is_absolute() or ".." in PurePath(plate).parts:
            raise SettingsError(
                f"The plate {plate} is not named from the folder of plates.",
                hint="Name it relative to --plates, such as sh010/plate.####.exr.",
            )
        return plate
