"""What a training run is told of its data sets, one class for each kind of folder."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "CocoData",
    "DataConfig",
    "FootageData",
    "MasksData",
    "MattesData",
    "PhotographsData",
    "YoutubeVisData",
]


class _Data(BaseModel):
    """What all data sets have.

    Attributes:
        folder: Where it is; relative paths begin at the configuration file.
        held_out: Names of files or clips that are never trained on: the run is validated on them.
        left_out: Names that are not looked at, such as copies of those held out.
        longest: Pixels; larger pictures are reduced to this side.
        closest: Least share of a picture's window in a frame.
        widest: Greatest share; above 1 the picture is mirrored at its borders.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path
    held_out: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    longest: Annotated[int, Field(ge=16)] = 512
    closest: Annotated[float, Field(gt=0, le=1)] = 0.5
    widest: Annotated[float, Field(gt=0, le=2)] = 1.1

    def beside(self, folder: Path) -> Self:
        """Return the same with its relative paths beginning at a folder."""
        paths = {name: folder / value for name, value in self if isinstance(value, Path)}
        return self.model_copy(update=paths)


class PhotographsData(_Data):
    """Photographs with people, matted by the teacher.

    Attributes:
        distractors: Share of the clips in which things lie about that are not people.
    """

    kind: Literal["photographs"]
    distractors: Annotated[float, Field(ge=0, le=1)] = 0.0


class FootageData(_Data):
    """Shots with people that nobody has matted: folders of frames, movies; the teacher does it."""

    kind: Literal["footage"]


class MattesData(_Data):
    """Foregrounds with their alphas, laid over backgrounds.

    Attributes:
        backgrounds: A folder of pictures, folders of frames and movies without people.
    """

    kind: Literal["mattes"]
    backgrounds: Path


class MasksData(_Data):
    """Pictures with a mask each.

    Attributes:
        masks: Folder of the masks, named as the pictures are.
    """

    kind: Literal["masks"]
    masks: Path


class CocoData(_Data):
    """Pictures with the instances of COCO.

    Attributes:
        annotations: The JSON file of instances.
        categories: Names of what counts as subject.
    """

    kind: Literal["coco"]
    annotations: Path
    categories: tuple[str, ...] = ("person",)


class YoutubeVisData(_Data):
    """Folders of frames with the tracked instances of YouTube-VIS.

    Attributes:
        annotations: The JSON file of instances.
        categories: Names of what counts as subject.
    """

    kind: Literal["youtube_vis"]
    annotations: Path
    categories: tuple[str, ...] = ("person",)


DataConfig = Annotated[
    PhotographsData | FootageData | MattesData | MasksData | CocoData | YoutubeVisData,
    Field(discriminator="kind"),
]
