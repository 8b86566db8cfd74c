"""What can go wrong in the network package, in words for the person at the keyboard.

The tree::

    NetworkError
    ├── CheckpointError             a weights file cannot be used
    ├── StateError                  a recurrent state is damaged or does not fit the frames
    └── SegmentationMissingError    the weights in use have no segmentation head

Every error has two attributes: `what` names the thing and its values, `hint` the way out. The
package stands alone, so these are no relatives of the engine's errors.
"""

__all__ = ["CheckpointError", "NetworkError", "SegmentationMissingError", "StateError"]


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
