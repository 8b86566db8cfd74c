"""What can go wrong in the network package, in words for the person at the keyboard.

The tree::

    NetworkError
    ├── CheckpointError             a weights file cannot be used
    ├── StateError                  a recurrent state is damaged or does not fit the frames
    ├── SegmentationMissingError    the weights in use have no segmentation head
    └── TrainingError               a training run cannot begin or go on
        ├── TrainConfigError        its configuration asks for what is not possible
        ├── DataSetError            a data set cannot be read
        ├── RunFolderError          its folder is another run's, damaged, or cannot be written
        ├── DivergenceError         its numbers have run away
        └── TrainingMemoryError     a step needs more memory than there is

Every error has two attributes: `what` names the thing and its values, `hint` the way out. The
package stands alone, so these are no relatives of the engine's errors.
"""

__all__ = [
    "CheckpointError",
    "DataSetError",
    "DivergenceError",
    "NetworkError",
    "RunFolderError",
    "SegmentationMissingError",
    "StateError",
    "TrainConfigError",
    "TrainingError",
    "TrainingMemoryError",
]


class NetworkError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        what: One sentence naming the thing and its values.
        hint: One sentence with the way out.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint)  # both, so that the error survives pickling between processes
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".strip()


class CheckpointError(NetworkError):
    """A weights file cannot be used."""


class StateError(NetworkError):
    """A recurrent state is damaged, or does not fit the network or the frames."""


class SegmentationMissingError(NetworkError):
    """The weights in use have no segmentation head."""


class TrainingError(NetworkError):
    """A training run cannot begin or go on."""


class TrainConfigError(TrainingError):
    """The configuration of a training run asks for what is not possible."""


class DataSetError(TrainingError):
    """A data set for training cannot be read."""


class RunFolderError(TrainingError):
    """The folder of a training run is another run's, is damaged, or cannot be written."""


class DivergenceError(TrainingError):
    """The numbers of a training run have run away."""


class TrainingMemoryError(TrainingError):
    """A step of a training run needs more memory than the device has."""
