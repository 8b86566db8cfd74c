"""States that previews keep in memory, so that a frame near one that was shown costs little.

The state depends on the low-resolution pass alone: on what the network was shown since the reset,
and on its weights. What is made of a matte afterwards has no part in it, so states outlast changes
of all that: of shaping, of the core, of the files' form.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from robust_matte.jobs.pins import Pins
from robust_matte.jobs.plan import Request
from robust_matte.keying.model import MatteModel

__all__ = ["EVERY", "Beginning", "KeptStates", "fed_identity", "seen_identity"]

EVERY = 25  # frames of a segment from one state that stays to the next

_NEAR = 4  # others: before and after the frame that was shown last, and the one before that

# Settings that change nothing of what the network is shown, or do so through the segments, the
# warm-up, the work area or the start alone, which count as what they turned out to be.
_NOT_SHOWN = {
    "cold",
    "compression",
    "crop",
    "cuts",
    "depth",
    "despill",
    "format",
    "frames",
    "gain",
    "layers",
    "matte_black",
    "matte_gamma",
    "matte_grow",
    "matte_soften",
    "matte_white",
    "missing",
    "warm_up",
    "work_area",
}
_MASKS = {"garbage", "invert_garbage", "source_alpha"}


def fed_identity(request: Request, pins: Pins) -> str:
    """Return a hash of all that decides a state beside the frames it has seen, and their gain.

    A setting that is not known here counts. Garbage does: the network is not shown what it covers.

    Args:
        request: The job's request.
        pins: What it is keyed under.
    """
    weights = request.weights.model_dump(mode="json", exclude={"refiner"})
    shown = _shown(request, _NOT_SHOWN) | {
        "garbage": request.masks["garbage"].model_dump() if "garbage" in request.masks else None,
        "weights": weights,
        "low_size": (request.low_size.width, request.low_size.height),
        "pins": pins.hash,
    }
    return _hash(shown)


def seen_identity(request: Request) -> str:
    """Return a hash of all that decides where segments begin, and their gain."""
    left_out = (_NOT_SHOWN | _MASKS) - {"cuts", "gain"}
    return _hash(_shown(request, left_out))


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a state came about, but for the last frame it has seen.

    Attributes:
        identity: What the network is, and is shown; see `fed_identity`.
        segment: First frame of the segment.
        start: The frame at which the state was dropped.
        warm_up: What it was warmed up with there.
        gain: Stops by which it was shown brighter.
    """

    identity: str
    segment: int
    start: int
    warm_up: tuple[int, ...]
    gain: float


_Key = tuple[Beginning, int]


class KeptStates:
    """States in memory, by how they came about and the frame that is fed next.

    One in `EVERY` frames of a segment stays until there is no more room, and goes where it was not
    used for longest. Of those in between, which serve the next frame and the same one again, the
    last few are held.

    Args:
        limit: The most bytes that are held.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lasting: OrderedDict[_Key, bytes] = OrderedDict()  # the least recently used first
        self._near: OrderedDict[_Key, bytes] = OrderedDict()

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return sum(len(one) for held in (self._lasting, self._near) for one in held.values())

    def __len__(self) -> int:
        return len(self._lasting) + len(self._near)

    def keep(
        self, beginning: Beginning, following: int, model: MatteModel, *, is_lasting: bool
    ) -> None:
        """Keep the state that a model has now.

        Args:
            beginning: How it came about.
            following: The frame that is fed next.
            model: The model.
            is_lasting: Whether it is one that stays.
        """
        key = beginning, following
        is_lasting = is_lasting or key in self._lasting
        content = self._lasting.pop(key, None) or self._near.pop(key, None)
        held = self._lasting if is_lasting else self._near
        held[key] = content or model.state_bytes({})  # the same bits, where it was held already
        while len(self._near) > _NEAR:
            self._near.popitem(last=False)
        self._make_room()

    def nearest(
        self, beginning: Beginning, upto: int
    ) -> tuple[int, Callable[[MatteModel], None]] | None:
        """Return the latest state before a frame or an earlier one.

        Args:
            beginning: How it came about.
            upto: A state before a later frame than this is of no use.

        Returns:
            The frame that is fed next, and what gives the state to a model; None where there is
            none.
        """
        every = (*self._lasting, *self._near)
        known = [number for one, number in every if one == beginning and number <= upto]
        if not known:
            return None
        key = beginning, max(known)
        held = self._lasting if key in self._lasting else self._near
        held.move_to_end(key)
        return key[1], partial(_restore, held[key])

    def _make_room(self) -> None:
        """Let the least recently used go, those that stay first: the others are few."""
        over = self.size - self._limit
        while over > 0 and len(self) > 0:
            _, content = (self._lasting or self._near).popitem(last=False)
            over -= len(content)


def _restore(content: bytes, model: MatteModel) -> None:
    model.load_state(content)


def _shown(request: Request, left_out: set[str]) -> dict[str, Any]:
    """Return what a request says of the plate as the network is shown it, but for some settings."""
    return {
        "plate": request.plate.model_dump(mode="json", exclude={"is_space_stated"}),
        "config": (request.colour.config, request.colour.config_sha256),
        "settings": {key: one for key, one in request.settings.items() if key not in left_out},
    }


def _hash(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
