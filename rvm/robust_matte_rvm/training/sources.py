"""The data sets of a run: one way in, whatever kind of folder they are."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from robust_matte_rvm.errors import DataSetError
from robust_matte_rvm.training.annotations import AnnotatedFrame, read_coco, read_youtube_vis
from robust_matte_rvm.training.clips import Clip, ClipSource
from robust_matte_rvm.training.data_config import (
    CocoData,
    DataConfig,
    FootageData,
    MasksData,
    MattesData,
    PhotographsData,
    YoutubeVisData,
)
from robust_matte_rvm.training.matte_clips import MatteClips
from robust_matte_rvm.training.motion import Framing
from robust_matte_rvm.training.photographs import (
    Photographs,
    label_photograph,
    read_photograph,
)
from robust_matte_rvm.training.segmentation import AnnotatedShot, SegmentedClips
from robust_matte_rvm.training.shots import FrameShot, FrameStore, PairedShot, Shot, find_shots
from robust_matte_rvm.training.teacher import Teacher
from robust_matte_rvm.training.unlabelled import UnlabelledClips

__all__ = ["open_source", "read_held_out"]


def open_source(
    name: str, data: DataConfig, teacher: Teacher | None = None, *, held_out: bool = False
) -> ClipSource:
    """Open a data set without what is held or left out, or what is held out of it alone.

    Files are looked at as far as names and headers say; pixels are decoded as clips are drawn.
    Photographs are read and matted here and now.

    Args:
        name: What the configuration calls it, for messages.
        data: What the configuration says of it.
        teacher: What mattes photographs and footage.
        held_out: Whether to draw from what is held out, to validate on it.

    Raises:
        DataSetError: Something is missing, damaged, does not fit together or needs a teacher.
    """
    framing = Framing(data.closest, data.widest)
    shots = _choose(name, data, held_out=held_out)
    match data:
        case PhotographsData():
            matter = _needed(name, teacher)
            files = [shot.path for shot in shots]
            stills = [label_photograph(file, matter, data.longest) for file in files]
            return Photographs(stills, framing, data.distractors)
        case FootageData():
            return UnlabelledClips(shots, _needed(name, teacher), framing)
        case MattesData():
            backdrops = find_shots(data.backgrounds, "RGB", FrameStore(data.longest))
            return MatteClips(shots, list(backdrops.values()), framing)
    return SegmentedClips(shots, framing)


def read_held_out(
    name: str, data: PhotographsData, teacher: Teacher | None, longest: int
) -> list[Clip]:
    """Return the photographs that are held out, matted, as clips of one frame.

    Args:
        name: As for `open_source`.
        data: What the configuration says of them.
        teacher: What mattes them.
        longest: Pixels; larger ones are reduced to this side.

    Raises:
        DataSetError: The data set cannot be opened, lacks one of them, or needs a teacher.
    """
    if not data.held_out:
        return []
    matter = _needed(name, teacher)
    files = {shot.path.name: shot.path for shot in _choose(name, data, held_out=True)}
    return [matter.matte_still(read_photograph(files[one], longest)) for one in data.held_out]


def _find_shots(data: DataConfig) -> list[Shot]:
    """Return all shots of a data set, in a steady order."""
    store = FrameStore(data.longest)
    match data:
        case PhotographsData():
            shots = find_shots(data.folder, "RGB", store).values()
            return [shot for shot in shots if isinstance(shot, FrameShot) and shot.path.is_file()]
        case FootageData():
            return list(find_shots(data.folder, "RGB", store).values())
        case MattesData():
            return _find_mattes(data.folder, store)
        case MasksData():
            pictures = find_shots(data.folder, "RGB", store)
            return _pair(pictures, find_shots(data.masks, "mask", store), data.folder, data.masks)
        case CocoData():
            marked = read_coco(data.annotations, data.folder, data.categories)
            return [AnnotatedShot(frames[0].file, frames, store) for frames in marked]
        case YoutubeVisData():
            marked = read_youtube_vis(data.annotations, data.folder, data.categories)
            return [AnnotatedShot(_folder_of(frames), frames, store) for frames in marked]


def _find_mattes(folder: Path, store: FrameStore) -> list[Shot]:
    if not (folder / "fgr").is_dir() and not (folder / "pha").is_dir():
        return list(find_shots(folder, "RGBA", store).values())
    colours = find_shots(folder / "fgr", "RGB", store)
    return _pair(colours, find_shots(folder / "pha", "L", store), folder / "fgr", folder / "pha")


def _pair(
    colours: Mapping[str, Shot], mattes: Mapping[str, Shot], folder: Path, others: Path
) -> list[Shot]:
    for ones, home, away in ((colours, mattes, others), (mattes, colours, folder)):
        for name, shot in ones.items():
            if name not in home:
                raise DataSetError(
                    f"{shot.path} has no companion of its name in {away}.",
                    "Put it there, or move this one out of the data set.",
                )
    return [PairedShot(shot, mattes[name]) for name, shot in colours.items()]


def _folder_of(frames: Sequence[AnnotatedFrame]) -> Path:
    return frames[0].file.parent


def _choose(name: str, data: DataConfig, *, held_out: bool) -> list[Shot]:
    """Return what is trained on or held out; a name that does not exist would let its file in."""
    shots = _find_shots(data)
    without = {*data.held_out, *data.left_out}
    unknown = sorted(without - {shot.path.name for shot in shots})
    if unknown:
        raise DataSetError(
            f"The data set {name} is to do without {unknown[0]}, which is not in {data.folder}.",
            "Write the names of files or folders in it, with their endings.",
        )
    if held_out:
        return [shot for shot in shots if shot.path.name in data.held_out]
    kept = [shot for shot in shots if shot.path.name not in without]
    if not kept:
        raise DataSetError(
            f"The data set {name} has nothing to train on in {data.folder}.",
            "Hold fewer of its files out, or add some.",
        )
    return kept


def _needed(name: str, teacher: Teacher | None) -> Teacher:
    if teacher is None:
        raise DataSetError(
            f"The data set {name} has to be matted, and the configuration names no teacher.",
            'Name its weights in the configuration: teacher = "PATH".',
        )
    return teacher
