"""Silhouettes of persons in JSON files, as COCO and YouTube-VIS publish them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from robust_matte_rvm.errors import DataSetError
from robust_matte_rvm.training.masks import Region, read_polygons, read_runs

__all__ = ["AnnotatedFrame", "read_coco", "read_youtube_vis"]


class AnnotatedFrame(NamedTuple):
    """A picture and what is marked in it.

    Attributes:
        file: The picture.
        size: Height and width that the annotations speak of.
        regions: The subjects; none if nobody is in it.
    """

    file: Path
    size: tuple[int, int]
    regions: tuple[Region, ...]


class _Packed(BaseModel):
    size: tuple[int, int]
    counts: list[int] | str


_Told = list[list[float]] | _Packed


class _Category(BaseModel):
    id: int
    name: str


class _Picture(BaseModel):
    id: int
    file_name: str
    width: int
    height: int


class _Instance(BaseModel):
    id: int
    image_id: int
    category_id: int
    iscrowd: int = 0
    segmentation: _Told


class _Coco(BaseModel):
    images: list[_Picture]
    annotations: list[_Instance]
    categories: list[_Category]


class _Video(BaseModel):
    id: int
    file_names: list[str]
    width: int
    height: int


class _Track(BaseModel):
    id: int
    video_id: int
    category_id: int
    segmentations: list[_Told | None]


class _YoutubeVis(BaseModel):
    videos: list[_Video]
    annotations: list[_Track]
    categories: list[_Category]


_Document = TypeVar("_Document", _Coco, _YoutubeVis)


def read_coco(file: Path, folder: Path, categories: Sequence[str]) -> list[list[AnnotatedFrame]]:
    """Read the instances of pictures.

    Pictures without any of the categories are left out, and those where a crowd is marked: such a
    region is no silhouette.

    Args:
        file: The JSON file.
        folder: Where the pictures are.
        categories: Names of what counts as subject.

    Returns:
        Shots of one frame.

    Raises:
        DataSetError: The file cannot be used, or speaks of pictures that are not there.
    """
    document = _read(file, _Coco)
    wanted = _find_categories(file, document.categories, categories)
    marked = defaultdict(list)
    for one in document.annotations:
        if one.category_id in wanted:
            marked[one.image_id].append(one)
    frames = []
    for picture in document.images:
        found = marked[picture.id]
        if found and not any(one.iscrowd for one in found):
            size = (picture.height, picture.width)
            regions = (_read_region(one.segmentation, size, file, one.id) for one in found)
            frames.append([AnnotatedFrame(folder / picture.file_name, size, tuple(regions))])
    return _checked(frames, file, folder, categories)


def read_youtube_vis(
    file: Path, folder: Path, categories: Sequence[str]
) -> list[list[AnnotatedFrame]]:
    """Read the instances of videos; those without frames or categories are left out.

    Args:
        file: The JSON file.
        folder: Where the folders of frames are.
        categories: Names of what counts as subject.

    Returns:
        Shots, with all of their frames.

    Raises:
        DataSetError: The file cannot be used, or speaks of frames that are not there.
    """
    document = _read(file, _YoutubeVis)
    wanted = _find_categories(file, document.categories, categories)
    marked = defaultdict(list)
    for track in document.annotations:
        if track.category_id in wanted:
            marked[track.video_id].append(track)
    shots = [
        _read_video(video, marked[video.id], file, folder)
        for video in document.videos
        if marked[video.id] and video.file_names
    ]
    return _checked(shots, file, folder, categories)


def _read_video(
    video: _Video, tracks: Iterable[_Track], file: Path, folder: Path
) -> list[AnnotatedFrame]:
    size = (video.height, video.width)
    regions: list[list[Region]] = [[] for _ in video.file_names]
    for track in tracks:
        if len(track.segmentations) != len(regions):
            raise DataSetError(
                f"Annotation {track.id} of {file} has {len(track.segmentations)} masks for "
                f"{len(regions)} frames.",
                "Export the annotations again, or leave this one out.",
            )
        for frame, told in zip(regions, track.segmentations, strict=True):
            if told:
                frame.append(_read_region(told, size, file, track.id))
    return [
        AnnotatedFrame(folder / name, size, tuple(found))
        for name, found in zip(video.file_names, regions, strict=True)
    ]


def _read(file: Path, kind: type[_Document]) -> _Document:
    try:
        return kind.model_validate_json(file.read_bytes())
    except OSError as error:
        raise DataSetError(
            f"The annotations {file} cannot be read: {error.strerror}.",
            "Correct the path in the configuration.",
        ) from error
    except ValidationError as error:
        fault = error.errors()[0]
        if fault["type"] == "json_invalid":
            raise DataSetError(
                f"The annotations {file} are no JSON, or were cut off.", "Copy the file again."
            ) from error
        place = ".".join(str(part) for part in fault["loc"][:3])
        raise DataSetError(
            f"The annotations {file} lack {place}, or have it in another form than theirs.",
            "docs/training-data.md shows what the file has to hold.",
        ) from error


def _find_categories(
    file: Path, known: Iterable[_Category], categories: Sequence[str]
) -> frozenset[int]:
    numbers = {one.name: one.id for one in known}
    for name in categories:
        if name not in numbers:
            raise DataSetError(
                f'The annotations {file} have no category "{name}".',
                f"Write categories out of: {', '.join(numbers) or 'there are none'}.",
            )
    return frozenset(numbers[name] for name in categories)


def _read_region(told: _Told, size: tuple[int, int], file: Path, number: int) -> Region:
    place = f"Annotation {number} of {file}"
    if isinstance(told, list):
        return read_polygons(told, place)
    if told.size != size:
        raise DataSetError(
            f"{place} is a mask of {told.size[1]}x{told.size[0]}, its picture is "
            f"{size[1]}x{size[0]}.",
            "Export the annotations again, or leave this one out.",
        )
    return read_runs(told.counts, size, place)


def _checked(
    shots: list[list[AnnotatedFrame]], file: Path, folder: Path, categories: Sequence[str]
) -> list[list[AnnotatedFrame]]:
    """Make sure that there is something, and that all pictures are where they should be."""
    if not shots:
        raise DataSetError(
            f"No picture of {file} has a silhouette of {' or '.join(categories)}.",
            "Name other categories, or another file.",
        )
    missing = [frame.file for shot in shots for frame in shot if not frame.file.is_file()]
    if missing:
        raise DataSetError(
            f"{folder} lacks {len(missing)} of the pictures in {file}: the first is {missing[0]}.",
            "Name the folder that the file names begin in, or copy what is missing.",
        )
    return shots
