"""One model for several jobs."""

from robust_matte.keying.model import MatteModel, ModelOpener, Weights
from robust_matte.settings.choices import Refiner

__all__ = ["share_model"]


def share_model(open_model: ModelOpener) -> ModelOpener:
    """Load a model once for all views and shots: it is reset before each segment."""
    opened: dict[tuple[Weights, Refiner, str, int], MatteModel] = {}

    def share(weights: Weights, *, refiner: Refiner, device: str, threads: int) -> MatteModel:
        asked = (weights, refiner, device, threads)
        if asked not in opened:
            opened.clear()  # two of them may be more than the device can hold
            opened[asked] = open_model(weights, refiner=refiner, device=device, threads=threads)
        return opened[asked]

    return share
