"""From chosen weights to a file that is there and right."""

from pathlib import Path

from robust_matte.jobs.progress import Listener, StageReached
from robust_matte.keying.model import Weights
from robust_matte.keying.network_check import check_network
from robust_matte.weights.choice import ChosenWeights, choose_weights
from robust_matte.weights.identity import StoredWeights, identify_weights
from robust_matte.weights.known import KnownWeights
from robust_matte.weights.places import is_offline, mirror, own_folder
from robust_matte.weights.store import fetch_weights, import_weights

__all__ = ["fetch_named", "import_file", "obtain_weights"]

_MIB = 1 << 20


def obtain_weights(chosen: ChosenWeights, listener: Listener) -> Weights:
    """Fetch weights if they are absent, and identify them.

    Raises:
        WeightsMissingError: They cannot be read or fetched.
        WeightsDamagedError: They are not what their name says.
        OutputError: They cannot be kept.
    """
    if chosen.known is not None and chosen.is_absent:
        stored = fetch_named(chosen.known, listener)
    else:
        stored = identify_weights(chosen.known, chosen.path)
    return Weights(stored.path, stored.content.sha256)


def fetch_named(known: KnownWeights, listener: Listener, *, offline: bool = False) -> StoredWeights:
    """Fetch weights into their folder, unless they are there; offline, only look for them.

    Those that are part of this program are there.

    Raises:
        WeightsMissingError: They cannot be fetched, or are not here and may not be.
        WeightsDamagedError: They are not what their name says.
        OutputError: They cannot be kept.
    """
    if known.is_packaged or is_offline(is_asked=offline):
        return identify_weights(known, choose_weights(known.name, offline=True).path)
    return fetch_weights(known, own_folder(), mirror(), check_network, _Progress(listener))


def import_file(
    file: Path, name: str | None, listener: Listener
) -> tuple[KnownWeights, StoredWeights]:
    """Copy a weights file into its folder; see `import_weights`."""
    return import_weights(file, name, own_folder(), check_network, _Progress(listener))


class _Progress:
    """Tells a listener of bytes, MiB by MiB."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._told: StageReached | None = None

    def __call__(self, text: str, done: int, total: int) -> None:
        event = StageReached("fetching", -(-done // _MIB), -(-total // _MIB), text)
        if event != self._told:
            self._told = event
            self._listener(event)
