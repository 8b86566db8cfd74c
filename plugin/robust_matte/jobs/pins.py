"""What decides the last bit of a result beside the job: versions, device, threads, precision.

Two machines whose pins differ may round differently, so a segment is keyed under one set of pins
from its first frame to its last. They are no part of the job: two segments may have different ones.
"""

import hashlib
import json
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from robust_matte import __version__
from robust_matte.errors import OtherPinsError
from robust_matte.keying.model import ModelIdentity

__all__ = ["Pins", "other_pins", "pins_of"]

_SHORT = 16  # hexadecimal digits: there are few different pins in the life of a result


class Pins(BaseModel):
    """One set of pins.

    Attributes:
        engine: Version of this program.
        torch: Version and build of torch.
        device: Kind of device; of a CPU with the instructions that torch uses.
        threads: Threads of a CPU network; 0 on a graphics card, where they decide nothing.
        precision: What the network counts in.
        memory_format: How its tensors lie.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    engine: str
    torch: str
    device: str
    threads: int
    precision: str = "float32"
    memory_format: str = "channels last"

    @property
    def hash(self) -> str:
        """A short hash, which files and states carry."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:_SHORT]


def pins_of(model: ModelIdentity) -> Pins:
    """Return the pins of what is keyed with this model, here and now."""
    return Pins(
        engine=__version__,
        torch=model.torch,
        device=f"{model.device} {model.capability}".strip(),
        threads=model.threads if model.device == "cpu" else 0,
        precision=model.precision,
        memory_format=model.memory_format,
    )


def other_pins(segment: str, begun: Pins, own: Pins) -> OtherPinsError:
    """Build the error for a segment that was begun under other pins.

    Args:
        segment: Its frames, for people.
        begun: What it was begun with.
        own: What this run has.
    """
    fields = [name for name in Pins.model_fields if getattr(begun, name) != getattr(own, name)]
    ways = [_WAYS[name].format(getattr(begun, name)) for name in fields if name in _WAYS]
    way_out = f"{_listed(ways)}, or key" if ways else "Key"
    return OtherPinsError(
        f"The segment {segment} was begun with {_told(begun, fields)}, this run has "
        f"{_told(own, fields)}.",
        hint=f"{way_out[0].upper()}{way_out[1:]} the segment anew under these with --repin.",
    )


_WORDS = {
    "engine": "version {} of this program",
    "torch": "torch {}",
    "device": "the device {}",
    "precision": "the precision {}",
    "memory_format": "tensors that lie {}",
}
_WAYS = {
    "engine": "install version {} of this program",
    "torch": "install torch {}",
    "device": "go on with the device {}",
    "threads": "set --threads {}",
}


def _told(pins: Pins, fields: Sequence[str]) -> str:
    words = []
    for name in fields:
        value = getattr(pins, name)
        if name == "threads":
            words.append(f"{value} thread" if value == 1 else f"{value} threads")
        else:
            words.append(_WORDS[name].format(value))
    return _listed(words)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
