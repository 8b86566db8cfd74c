"""One model for several jobs."""

from robust_matte.keying.model import MatteModel, ModelOpener, Weights
from robust_matte.settings.choices import Refiner

__all__ = ["share_model"]

_Asked = tuple[Weights, Refiner, str, int]


def share_model(open_model: ModelOpener) -> ModelOpener:
    """Load a model once for all views and shots: it is reset before each segment."""
    opened: dict[_Asked, MatteModel] = {}

    def share(weights: Weights, *, refiner: Refiner, device: str, threads: int) -> MatteModel:
        asked = (weights, refiner, device, threads)
        if asked not in opened:
            model = _with_threads(opened, asked)
            if model is None:
                opened.clear()  # two of them may be more than the device can hold
                model = open_model(weights, refiner=refiner, device=device, threads=threads)
            opened[asked] = model
        return opened[asked]

    return share


def _with_threads(opened: dict[_Asked, MatteModel], asked: _Asked) -> MatteModel | None:
    """Return the model that has the threads asked for, though it was asked for one a core.

    A job that goes on asks for as many as it was planned with.
    """
    *others, threads = asked
    for (*known, _), model in opened.items():
        if known == others and model.identity.threads == threads:
            return model
    return None
