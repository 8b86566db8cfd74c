"""One frame of a job, as the bake would write it, by a worker that keeps what it may need again."""

from dataclasses import dataclass
from pathlib import Path

from robust_matte.jobs.progress import Listener, silent
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.keying.model import ModelOpener
from robust_matte.keying.network import Network
from robust_matte.settings.key_settings import KeySettings

__all__ = ["PreviewResult", "Previewer"]

_STATE_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewResult:
    """What a preview made.

    Attributes:
        files: The file of each layer.
        frame: The frame's number.
        approximate: Whether it may differ from what a bake writes.
        rolled: Frames that the network was fed for it, warm-up and the frame itself included.
        seconds: By part: `plan` until the job was ready, `roll` for the frames before this one,
            `key` for the frame itself, `write` from the matte to the files.
        warnings: What was unexpected, in the order it was told.
    """

    files: dict[str, Path]
    frame: int
    approximate: bool
    rolled: int
    seconds: dict[str, float]
    warnings: tuple[str, ...] = ()


class Previewer:
    """Makes previews, and keeps plates, plans and states for the next one; used on one thread.

    Args:
        open_model: What loads the model; one that keeps the last, as `share_model` makes it.
        state_bytes: The most bytes of states that are held.
    """

    def __init__(
        self, open_model: ModelOpener = Network, *, state_bytes: int = _STATE_BYTES
    ) -> None:
        self._open_model = open_model
        self._state_bytes = state_bytes

    def preview(
        self,
        settings: KeySettings,
        frame: int,
        listener: Listener = silent,
        *,
        quick: bool = False,
        folder: Path | None = None,
        stop: StopRequest | None = None,
    ) -> PreviewResult:
        """Make one frame of a job, bit for bit as a bake of the same settings writes it.

        Args:
            settings: The job.
            frame: Number of the frame, of those that the job writes.
            listener: Called with what happens, on the calling thread.
            quick: Start at the frame itself, with its warm-up, and look for no cuts: approximate.
            folder: Where the files go, and nothing else is written then; by default `preview` in
                the job's folder, where the plan is kept, too. The preview that was there before
                is removed.
            stop: Asks it to stop, which it does between frames.

        Raises:
            SettingsError: The frame is not one of the job's.
            MissingFramesError: The plate lacks it.
            Cancelled: It was asked to stop.
            RobustMatteError: As for `key`.
        """
        raise NotImplementedError
