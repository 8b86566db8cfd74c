"""Finding the weights that a plan was made with, on whatever machine keys it."""

from pathlib import Path

from robust_matte.errors import WeightsDamagedError, WeightsMissingError
from robust_matte.farm.farm_plan import PlannedWeights
from robust_matte.weights.choice import choose_weights
from robust_matte.weights.identity import take_fingerprint
from robust_matte.weights.known import KNOWN
from robust_matte.weights.places import find_weights, is_here, search_folders

__all__ = ["find_planned_weights"]


def find_planned_weights(wanted: PlannedWeights, model: str | None) -> Path:
    """Return the file with a plan's weights; nothing is fetched.

    Args:
        wanted: What the plan says of them.
        model: A file, or the name of known weights, where `--model` says so; else they are looked
            for by their name, in the folder that `ROBUST_MATTE_WEIGHTS` names and in the cache.

    Raises:
        WeightsMissingError: They are not there.
        WeightsDamagedError: What is there is something else.
    """
    path = _named(model) if model is not None else _looked_for(wanted)
    found = take_fingerprint(path).sha256
    if found != wanted.sha256:
        raise WeightsDamagedError(
            f"{path} is not what the plan was made with, {wanted.name}: its sha256 is {found}, not "
            f"{wanted.sha256}.",
            hint="Name the right file with --model, or plan again with these weights.",
            path=path,
        )
    return path


def _named(model: str) -> Path:
    return choose_weights(model, offline=True, may_be_absent=False).path


def _looked_for(wanted: PlannedWeights) -> Path:
    known = KNOWN.get(wanted.name)
    if known is not None and (path := find_weights(known)) is not None:
        return path
    if known is None:
        for folder in search_folders():
            if is_here(folder / wanted.name):
                return folder / wanted.name
    places = " or ".join(str(folder) for folder in search_folders())
    raise WeightsMissingError(
        f"The weights {wanted.name} that the plan was made with are not in {places}.",
        hint="Name their file with --model, or let ROBUST_MATTE_WEIGHTS name the folder they are "
        "in.",
    )
