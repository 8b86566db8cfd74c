"""What stays warm from one job to the next."""

from dataclasses import dataclass, field

from robust_matte.jobs.preview import Previewer
from robust_matte.jobs.shared_model import share_model
from robust_matte.keying.model import ModelOpener
from robust_matte.keying.network import Network

__all__ = ["Bench"]


@dataclass(slots=True, eq=False)
class Bench:
    """The model, and what previews keep; used on the thread that works.

    Attributes:
        opener: What loads a model.
        open_model: The same, but it keeps the last model for jobs that ask for it again.
        previewer: Makes previews.
    """

    opener: ModelOpener = Network
    open_model: ModelOpener = field(init=False)
    previewer: Previewer = field(init=False)

    def __post_init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Keep nothing: after an error that nobody foresaw, what is warm may be broken."""
        self.open_model = share_model(self.opener)
        self.previewer = Previewer(self.open_model)
