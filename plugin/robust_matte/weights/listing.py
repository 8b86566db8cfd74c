"""What is there of the weights that are known by name."""

from dataclasses import dataclass

from robust_matte.errors import WeightsDamagedError, WeightsMissingError
from robust_matte.weights.identity import StoredWeights, identify_weights
from robust_matte.weights.known import KNOWN, KnownWeights
from robust_matte.weights.places import find_weights

__all__ = ["ListedWeights", "list_weights"]


@dataclass(frozen=True, slots=True)
class ListedWeights:
    """Weights with a name, here or not.

    Attributes:
        known: Which they are.
        stored: The file that is here and what it is; None if there is none, or it is not right.
        problem: What is wrong with the file that is here; None if nothing is.
    """

    known: KnownWeights
    stored: StoredWeights | None
    problem: WeightsDamagedError | WeightsMissingError | None


def list_weights() -> tuple[ListedWeights, ...]:
    """Look for all weights that are known by name, and identify what is found."""
    return tuple(_look_for(known) for known in KNOWN.values())


def _look_for(known: KnownWeights) -> ListedWeights:
    try:
        path = find_weights(known)
        stored = identify_weights(known, path) if path else None
    except (WeightsDamagedError, WeightsMissingError) as error:
        return ListedWeights(known, None, error)
    return ListedWeights(known, stored, None)
