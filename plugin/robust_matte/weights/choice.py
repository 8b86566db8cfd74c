"""What `--model` means: weights known by name, or a file of the user's own."""

from dataclasses import dataclass, replace
from pathlib import Path

from robust_matte.errors import WeightsMissingError
from robust_matte.weights.known import (
    AUTO,
    DRAFT,
    KNOWN,
    KnownWeights,
    tell_how_to_get,
    tell_other_ways,
)
from robust_matte.weights.places import find_weights, is_offline, own_folder, search_folders

__all__ = ["ChosenWeights", "choose_weights"]


@dataclass(frozen=True, slots=True)
class ChosenWeights:
    """The weights of a job.

    Attributes:
        known: What they are; None for a file of the user's own.
        path: Where the file is, or will be once it is fetched.
        is_absent: It must be fetched.
        is_stopgap: `auto` took it because what it would rather take is not here.
    """

    known: KnownWeights | None
    path: Path
    is_absent: bool = False
    is_stopgap: bool = False


def choose_weights(model: str, *, offline: bool, may_be_absent: bool = True) -> ChosenWeights:
    """Say which weights a job takes; the network is not touched.

    Args:
        model: `auto`, a known name, or the path of a file. `auto` takes what is there, `draft` if
            nothing else is, and never fetches; a name does.
        offline: Never touch the network, as `ROBUST_MATTE_OFFLINE` also says.
        may_be_absent: Whether the caller fetches weights that are named and not there.

    Raises:
        WeightsMissingError: They are not there, and are not fetched; or cannot be looked for.
    """
    if model == "auto":
        return _choose_what_is_here()
    known = KNOWN.get(model)
    if known is None:
        return ChosenWeights(None, Path(model).absolute())
    path = find_weights(known)
    if path is not None:
        return ChosenWeights(known, path)
    if not may_be_absent:
        what = f"The weights {known.file} are not in {_spoken_folders()}."
        raise WeightsMissingError(what, hint=tell_how_to_get(known))
    if is_offline(is_asked=offline):
        raise WeightsMissingError(
            f"The weights {known.file} are not in {_spoken_folders()}, and nothing is fetched "
            "offline.",
            hint=f"Without a network, {tell_other_ways(known.file)}.",
        )
    return ChosenWeights(known, own_folder() / known.file, is_absent=True)


def _choose_what_is_here() -> ChosenWeights:
    path = find_weights(KNOWN[AUTO])
    if path is not None:
        return ChosenWeights(KNOWN[AUTO], path)
    return replace(choose_weights(DRAFT, offline=True), is_stopgap=True)


def _spoken_folders() -> str:
    return " or ".join(map(str, search_folders()))
