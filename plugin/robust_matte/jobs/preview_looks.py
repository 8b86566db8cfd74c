"""What a process that lives long remembers of plates and weights, for as long as they stay."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from robust_matte.errors import FrameReadError
from robust_matte.jobs.framing import Windows
from robust_matte.jobs.inputs import looks_of, paths_of
from robust_matte.jobs.looks import Looks
from robust_matte.jobs.progress import KeptWarnings, Listener, Warned
from robust_matte.jobs.recently_used import RecentlyUsed
from robust_matte.keying.model import Weights
from robust_matte.media.exr_layers import LayerChoice
from robust_matte.media.formats import MOVIE_SUFFIXES
from robust_matte.media.movies import MovieCount
from robust_matte.media.plates import MoviePlate, Plate, open_plate
from robust_matte.settings.choices import WorkArea
from robust_matte.settings.first_frame import FirstFrame
from robust_matte.settings.key_settings import KeySettings
from robust_matte.weights.choice import ChosenWeights

__all__ = ["FileLooks", "QuickLooks", "RememberedLooks", "looks_of_all"]

_PLATES = 4  # that are remembered; a movie among them has a decoder open
_WEIGHTS = 4
_QUICK = "quick"

FileLooks = tuple[tuple[int, ...] | None, ...]


def looks_of_all(paths: Iterable[Path]) -> FileLooks:
    """Return what tells files from others, later on; None for one that is not there."""

    def look(path: Path) -> tuple[int, ...] | None:
        try:
            return looks_of(path)
        except FrameReadError:
            return None

    return tuple(map(look, paths))


@dataclass(slots=True)
class _Seen:
    """A plate as it was seen, and what its headers gave, with what was unusual about them."""

    plate: Plate
    paths: tuple[Path, ...]
    looks: FileLooks
    windows: dict[WorkArea, tuple[Windows, tuple[str, ...]]] = field(default_factory=dict)


class RememberedLooks(Looks):
    """Looks at what has changed, and remembers the rest."""

    def __init__(self) -> None:
        self._plates: RecentlyUsed[_Seen] = RecentlyUsed(_PLATES)
        self._weights: RecentlyUsed[tuple[FileLooks, Weights]] = RecentlyUsed(_WEIGHTS)

    def plate(self, settings: KeySettings, listener: Listener, counted: Path | None) -> Plate:
        """Find the plate; a movie that is as it was has been counted."""
        key = _plate_key(settings)
        known = self._as_it_was(key)
        if known is not None and isinstance(known.plate, MoviePlate):
            return known.plate
        found = super().plate(settings, listener, counted)  # lists the folder: frames may be added
        if known is not None and known.plate.numbers == found.numbers:
            return known.plate
        self._keep(key, found)
        return found

    def quick_plate(self, settings: KeySettings, listener: Listener, counted: Path | None) -> Plate:
        """Find the plate; a movie that was not counted is taken at its word."""
        key = _plate_key(settings)
        is_movie = Path(settings.plate).suffix.lower() in MOVIE_SUFFIXES
        if not is_movie or self._as_it_was(key) is not None:
            return self.plate(settings, listener, counted)
        known = self._as_it_was((*key, _QUICK))
        if known is not None:
            return known.plate
        choice = LayerChoice(settings.layer, settings.view)
        found = open_plate(settings.plate, first_frame=settings.first_frame, choice=choice)
        declared = found.movie.info.declared_frames if isinstance(found, MoviePlate) else None
        if not isinstance(found, MoviePlate) or not declared:
            return self.plate(settings, listener, counted)
        found.movie.recall(MovieCount(declared, (), ()))
        self._keep((*key, _QUICK), found)
        return found

    def windows(self, plate: Plate, wish: WorkArea, listener: Listener) -> Windows:
        """Read all headers of a plate that was not seen before; tells again what was unusual."""
        seen = next((one for one in self._plates.values() if one.plate is plate), None)
        if seen is None:
            return super().windows(plate, wish, listener)
        if wish not in seen.windows:
            told = KeptWarnings(listener)
            seen.windows[wish] = super().windows(plate, wish, told), tuple(told.warnings)
            return seen.windows[wish][0]
        windows, warnings = seen.windows[wish]
        for text in warnings:
            listener(Warned(text))
        return windows

    def weights(self, chosen: ChosenWeights, listener: Listener) -> Weights:
        """Identify a file that is another one than before."""
        key = chosen.path, chosen.known is None
        known = self._weights.get(key)
        if known is not None and known[0] == looks_of_all([chosen.path]):
            return known[1]
        weights = super().weights(chosen, listener)
        self._weights.put(key, (looks_of_all([chosen.path]), weights))
        return weights

    def _as_it_was(self, key: Hashable) -> _Seen | None:
        """Return a plate whose files are as they were when it was seen."""
        seen = self._plates.get(key)
        if seen is not None and looks_of_all(seen.paths) == seen.looks:
            return seen
        _let_go(self._plates.drop(key))
        return None

    def _keep(self, key: Hashable, plate: Plate) -> None:
        paths = tuple(path for _, path in paths_of(plate))
        if isinstance(plate, MoviePlate):
            plate.movie.keep_open()
        _let_go(self._plates.put(key, _Seen(plate, paths, looks_of_all(paths))))


class QuickLooks(Looks):
    """Looks as another does, but takes a movie's own word for its count.

    Args:
        looks: What is remembered.
    """

    def __init__(self, looks: RememberedLooks) -> None:
        self._looks = looks

    def plate(self, settings: KeySettings, listener: Listener, counted: Path | None) -> Plate:
        """Find the plate; see `RememberedLooks.quick_plate`."""
        return self._looks.quick_plate(settings, listener, counted)

    def windows(self, plate: Plate, wish: WorkArea, listener: Listener) -> Windows:
        """Read headers that were not read yet; see `RememberedLooks`."""
        return self._looks.windows(plate, wish, listener)

    def weights(self, chosen: ChosenWeights, listener: Listener) -> Weights:
        """Identify the weights; see `RememberedLooks`."""
        return self._looks.weights(chosen, listener)


def _let_go(seen: _Seen | None) -> None:
    """Close what a plate that is forgotten has open."""
    if seen is not None and isinstance(seen.plate, MoviePlate):
        seen.plate.movie.let_go()


def _plate_key(settings: KeySettings) -> tuple[str, FirstFrame, str | None, str | None]:
    return settings.plate, settings.first_frame, settings.layer, settings.view
