"""The plan of a job, on disk beside its output: what is keyed, how, and in which segments."""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from robust_matte.errors import WouldOverwriteError
from robust_matte.jobs.pins import Pins
from robust_matte.keying.segments import Reset, Segment
from robust_matte.media.atomic import write_atomically
from robust_matte.media.windows import Size, Window
from robust_matte.settings.choices import ImageFormat, Layers

__all__ = [
    "ColourRecord",
    "MaskRecord",
    "Plan",
    "PlateRecord",
    "Request",
    "SegmentRecord",
    "WeightsRecord",
    "load_plan",
]

_STRICT = ConfigDict(frozen=True, extra="forbid")


class PlateRecord(BaseModel):
    """The plate as it was when the plan was made.

    Attributes:
        path: File or pattern, relative to the root `plates`.
        frames: The frames that existed, as fileseq writes them.
        fingerprint: Hash of the files' names and contents; see `inputs`.
        space: How the pixels are encoded: a name of the config, or of the built-in one.
        is_space_stated: Whether that is known rather than assumed.
        display_window: The picture's frame, of every frame.
        work_area: What the network worked on, unless a region was asked for; see `settings`.
        pixel_aspect: Width of a pixel over its height.
    """

    model_config = _STRICT
    path: str
    frames: str
    fingerprint: str
    space: str
    is_space_stated: bool
    display_window: Window
    work_area: Window
    pixel_aspect: float = 1.0


class ColourRecord(BaseModel):
    """The colour space of the result, and what names the spaces.

    Attributes:
        output: The scene-linear space of the result.
        chromaticities: Of its red, green, blue and white.
        interop_id: Its `colorInteropID`, or None where there is none.
        is_invertible: Whether the model's foreground is led back to light; where not, the
            foreground is the plate.
        config: The config that names the spaces; empty where these are of the built-in one.
        config_sha256: Of the config's file and of those it reads; empty where it is built in.
    """

    model_config = _STRICT
    output: str
    chromaticities: tuple[float, ...]
    interop_id: str | None
    is_invertible: bool = True
    config: str = ""
    config_sha256: str = ""


class WeightsRecord(BaseModel):
    """The weights: their hash, and the network they are for."""

    model_config = _STRICT
    sha256: str
    variant: str
    refiner: str


class MaskRecord(BaseModel):
    """Garbage or core: its file name or pattern, and a hash of names and contents."""

    model_config = _STRICT
    path: str
    fingerprint: str


class Request(BaseModel):
    """Everything that decides the pixels, known before a frame is decoded.

    Attributes:
        plate: The plate.
        colour: The colour space of the result.
        weights: The weights.
        low_size: Size of the network's low-resolution view.
        masks: Garbage and core, by kind.
        settings: The settings that change pixels or files, as in `KeySettings`.
    """

    model_config = _STRICT
    plate: PlateRecord
    colour: ColourRecord
    weights: WeightsRecord
    low_size: Size
    masks: dict[str, MaskRecord] = {}
    settings: dict[str, Any]

    @field_validator("settings")
    @classmethod
    def _names_its_files(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """Refuse a plan whose frames could not be found again: of a later version, or edited."""
        Layers(str(settings.get("layers")))
        ImageFormat(str(settings.get("format")))
        return settings

    def differences(self, other: "Request") -> list[str]:
        """Say in which fields two requests differ, as `plate.fingerprint`."""
        mine, others = (_flat(one.model_dump(mode="json")) for one in (self, other))
        return sorted(name for name in mine | others if mine.get(name) != others.get(name))


class SegmentRecord(BaseModel):
    """One segment, why it starts where it does, and the gain in stops."""

    model_config = _STRICT
    first: int
    last: int
    reset: Reset
    gain: float = 0.0


class Plan(BaseModel):
    """A request and the segments found for it.

    Attributes:
        version: Version of this document's form.
        request: What was asked.
        segments: The runs of frames between resets.
        scores: The detector's score of each frame, by number; empty where it did not run.
        pins: What it was planned with: `threads` is what 0 stands for. No part of the job; those
            that count are of each segment, see `segment_pins`.
        wanted: The frames that the latest run was asked for, of which some may still be to come.
    """

    model_config = _STRICT
    version: Literal[1] = 1
    request: Request
    segments: tuple[SegmentRecord, ...]
    scores: dict[int, float] = {}
    pins: Pins
    wanted: str | None = None

    @property
    def job(self) -> str:
        """Hash of all that decides pixels beside the pins; each written frame carries it."""
        text = json.dumps(
            self.model_dump(mode="json", exclude={"scores", "pins", "wanted"}), sort_keys=True
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def keyed_segments(self) -> list[Segment]:
        """Return the segments as keying takes them."""
        return [Segment(one.first, one.last, one.reset, one.gain) for one in self.segments]

    def save(self, path: Path) -> None:
        """Write the plan, durably and in one step.

        Raises:
            WriteError: The folder cannot be written.
        """
        write_atomically(path, self.model_dump_json(indent=1).encode())


def load_plan(path: Path) -> Plan | None:
    """Read a plan, or return None where there is none.

    Raises:
        WouldOverwriteError: The file is no plan of this version.
    """
    try:
        return Plan.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise WouldOverwriteError(
            f"{path} cannot be read: {error.strerror}.",
            hint="Make it readable, or choose another output.",
            path=path,
        ) from error
    except ValidationError as error:
        raise WouldOverwriteError(
            f"{path} is not a plan that this version can read.",
            hint="Choose another output, or replace the result with --overwrite.",
            path=path,
        ) from error


def _flat(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
