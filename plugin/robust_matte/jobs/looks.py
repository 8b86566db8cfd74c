"""How a job looks at the files it reads; a process that lives long may remember what it saw."""

from pathlib import Path

from robust_matte.jobs.counted import recall_count
from robust_matte.jobs.framing import Windows
from robust_matte.jobs.obtaining import obtain_weights
from robust_matte.jobs.progress import Listener
from robust_matte.jobs.survey import count_frames, survey_windows
from robust_matte.keying.model import Weights
from robust_matte.media.exr_layers import LayerChoice
from robust_matte.media.plates import MoviePlate, Plate, open_plate
from robust_matte.settings.choices import WorkArea
from robust_matte.settings.key_settings import KeySettings
from robust_matte.weights.choice import ChosenWeights

__all__ = ["Looks"]


class Looks:
    """Looks at everything anew, as a command does that keys one job."""

    def plate(self, settings: KeySettings, listener: Listener, counted: Path | None) -> Plate:
        """Find the plate; the frames of a movie are counted.

        Args:
            settings: The job.
            listener: Told of progress.
            counted: A folder where the count of a movie's frames may be kept.

        Raises:
            InputError: There is no such plate, or it cannot be read.
        """
        choice = LayerChoice(settings.layer, settings.view)
        plate = open_plate(settings.plate, first_frame=settings.first_frame, choice=choice)
        if isinstance(plate, MoviePlate) and not (counted and recall_count(plate, counted)):
            count_frames(plate, listener)
        return plate

    def windows(self, plate: Plate, wish: WorkArea, listener: Listener) -> Windows:
        """Read all headers; see `survey_windows`."""
        return survey_windows(plate, wish, listener)

    def weights(self, chosen: ChosenWeights, listener: Listener) -> Weights:
        """Fetch weights if they are absent, and identify them; see `obtain_weights`."""
        return obtain_weights(chosen, listener)
