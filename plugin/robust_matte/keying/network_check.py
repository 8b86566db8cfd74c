"""Whether a weights file fits a network: names, shapes and finite values."""

from pathlib import Path

from robust_matte.errors import WeightsDamagedError
from robust_matte_rvm import CheckpointError, load_network

__all__ = ["check_network"]


def check_network(path: Path) -> str:
    """Load a weights file and return the name of its network, such as `mobilenetv3`.

    Raises:
        WeightsDamagedError: No known network takes it; nothing in it was run.
    """
    try:
        return load_network(path).variant
    except CheckpointError as error:
        raise WeightsDamagedError(error.what, hint=error.hint, path=path) from error
