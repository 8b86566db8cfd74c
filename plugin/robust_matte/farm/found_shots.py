"""The shots that are meant by plates, folders of shots and lists on a command line."""

from collections.abc import Sequence
from pathlib import Path

from robust_matte.errors import InputError, SettingsError
from robust_matte.farm.shot_list import read_shot_list
from robust_matte.farm.shot_request import ShotRequest, check_name, refuse_same_names
from robust_matte.media.formats import IMAGE_SUFFIXES, MOVIE_SUFFIXES
from robust_matte.media.links import is_folder
from robust_matte.media.sequences import FramePattern

__all__ = ["find_shots"]


def find_shots(plates: Sequence[str], name: str | None = None) -> list[ShotRequest]:
    """Return the shots that are to be planned, in the order they are named in.

    Args:
        plates: Plates as `key` takes them, folders of shots, and lists (.csv).
        name: What a plate that is named by itself is called; by default as its folder or file.

    Raises:
        InputError: A folder or list cannot be read, or holds no shot.
        SettingsError: A list cannot be understood, two shots are called alike, or a name is given
            to more than one.
    """
    shots = [shot for plate in plates for shot in _shots_of(plate, name, len(plates) == 1)]
    if name is not None and not (len(shots) == 1 and shots[0].is_alone):
        raise SettingsError(
            f"The name {name} is for one plate, and {len(shots)} shots are named.",
            hint="Leave --name out: shots are called as their folders or files, or as a list says.",
        )
    refuse_same_names(shots)
    return shots


def _shots_of(plate: str, name: str | None, is_alone: bool) -> list[ShotRequest]:
    path = Path(plate).absolute()
    if path.suffix.lower() == ".csv":
        return read_shot_list(path)
    if plate and is_folder(path) and not _holds(path, IMAGE_SUFFIXES):
        return _in_folder(path)
    called = name or (path.name if is_folder(path) else FramePattern.parse(path.name).stem)
    called = ".".join(part for part in called.split(".") if part != "%V") or called
    return [ShotRequest(check_name(called), str(path) if plate else "", is_alone=is_alone)]


def _in_folder(folder: Path) -> list[ShotRequest]:
    """Return a shot for each movie in a folder, and for what each folder in it holds."""
    found = []
    for path in _listed(folder):
        if _is_movie(path):
            found.append(ShotRequest(check_name(path.stem), str(path)))
        elif is_folder(path) and _holds(path, IMAGE_SUFFIXES):
            found.append(ShotRequest(check_name(path.name), str(path)))
        elif is_folder(path):
            movies = [movie for movie in _listed(path) if _is_movie(movie)]
            for movie in movies:
                called = path.name if len(movies) == 1 else f"{path.name}_{movie.stem}"
                found.append(ShotRequest(check_name(called), str(movie)))
    if not found:
        raise InputError(
            f"The folder {folder} holds no shots: no movies, and no folders with images or movies.",
            hint="Name a plate, or the folder that holds one folder or movie for each shot.",
            path=folder,
        )
    return found


def _holds(folder: Path, suffixes: frozenset[str]) -> bool:
    return any(path.suffix.lower() in suffixes for path in _listed(folder))


def _is_movie(path: Path) -> bool:
    return path.suffix.lower() in MOVIE_SUFFIXES and not is_folder(path)


def _listed(folder: Path) -> list[Path]:
    """Return what is in a folder, by name, without what is hidden."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputError(
            f"The folder {folder} cannot be listed: {error.strerror}.",
            hint="Get the right to list it, and check that its disk or server is there.",
            path=folder,
        ) from error
