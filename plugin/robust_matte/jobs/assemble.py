"""A movie of finished frames, to hand on: made once, and again only when they change."""

import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from robust_matte.colour.configs import open_config
from robust_matte.colour.renderings import Rendering, open_rendering
from robust_matte.errors import WouldOverwriteError
from robust_matte.jobs.marks import is_there
from robust_matte.jobs.movie_clock import first_timecode, movie_rate, warn_of_rates
from robust_matte.jobs.movie_pictures import MoviePictures
from robust_matte.jobs.movie_source import (
    MovieSource,
    SourceFrame,
    find_result,
    read_source_frame,
    survey_result,
    wanted_frames,
)
from robust_matte.jobs.own_file import check_own_file
from robust_matte.jobs.progress import Event, Listener, Noted, StageReached, Warned, silent
from robust_matte.jobs.stated_space import still_space
from robust_matte.media.atomic import check_writable, remove_leftovers
from robust_matte.media.links import real_path
from robust_matte.media.movie_write import MovieFormat, comment_of
from robust_matte.media.plates import SequencePlate
from robust_matte.media.prores_write import Codes, ProResFormat, write_prores
from robust_matte.media.readahead import ReadAhead
from robust_matte.media.sequences import ImageSequence
from robust_matte.media.windows import Size
from robust_matte.media.yuv import Matrix
from robust_matte.settings.assemble_settings import AUTO_VIEW, AssembleSettings, MovieAlpha
from robust_matte.settings.choices import PlateSpace
from robust_matte.settings.frame_range import FrameRange
from robust_matte.settings.spelling import legible

__all__ = ["AssembleResult", "assemble"]

_MARK = "Robust Matte movie"
_OF = " of "  # in the mark, before the result's name
_LAYER = "_rgba"  # what names of separate files end in
_SUFFIXES = (".mov",)
_FORM = 1  # of what is made of the same frames; a new one makes all movies anew
_READERS, _HELD = 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class AssembleResult:
    """What became of a movie.

    Attributes:
        movie: The file.
        is_new: Whether it was made in this run; else it was right already.
        frames: The frames in it.
        size: Its picture.
        rate: Frames per second.
        timecode: Of its first frame, or None.
        rendering: The transform that its codes were made with.
        alpha: What became of the alpha.
        seconds: From start to end.
        warnings: What was unexpected.
    """

    movie: Path
    is_new: bool
    frames: FrameRange
    size: Size
    rate: Fraction
    timecode: str | None
    rendering: str
    alpha: MovieAlpha
    seconds: float
    warnings: tuple[str, ...]


def assemble(settings: AssembleSettings, listener: Listener = silent) -> AssembleResult:
    """Make a ProRes 4444 movie of finished EXR frames, unless it is there and of these very frames.

    Args:
        settings: What to make of what.
        listener: Called with what happens, on the calling thread.

    Raises:
        RobustMatteError: See the classes; what was there before stays until the movie is complete.
    """
    started = time.monotonic()
    warnings: list[str] = []

    def told(event: Event) -> None:
        if isinstance(event, Warned):
            warnings.append(event.text)
        listener(event)

    path = settings.output.absolute()
    sequence = find_result(settings.result)
    taken = {real_path(sequence.pattern.path(number)) for number in sequence.numbers}
    check_own_file(path, "movie", _SUFFIXES, taken)
    said = comment_of(path) or ""
    name = _name(sequence)
    if not said.startswith(_MARK):
        _check_place(path, overwrite=settings.overwrite)
    elif not settings.overwrite:
        _refuse_other(path, said, name)
    asked = FrameRange.parse(settings.frames) if settings.frames else None
    numbers = wanted_frames(sequence, asked)
    # What the first frame and the settings alone decide is checked before all are read.
    first = read_source_frame(sequence.pattern.path(numbers[0]), numbers[0])
    rate = movie_rate(str(sequence.pattern), first, settings.fps)
    rendering = _rendering(settings, sequence, first, told)
    source = survey_result(sequence, numbers, told)
    form = _format(settings, source, rendering, rate, told, name)
    is_new = said != form.shared.comment
    if is_new:
        check_writable(path)
        _make(path, MoviePictures(rendering, settings.alpha, form.matrix), source, form, told)
    return AssembleResult(
        movie=path,
        is_new=is_new,
        frames=source.numbers,
        size=form.shared.size,
        rate=form.shared.rate,
        timecode=form.shared.timecode,
        rendering=rendering.spoken,
        alpha=settings.alpha,
        seconds=time.monotonic() - started,
        warnings=tuple(warnings),
    )


def _check_place(path: Path, *, overwrite: bool) -> None:
    """Make sure that a movie can be written where none of this command is.

    Raises:
        WouldOverwriteError: Another file is there.
        OutputError: It cannot be written there.
    """
    check_writable(path)
    if is_there(path) and not overwrite:
        raise WouldOverwriteError(
            f"{path} exists and is no movie of this command.",
            hint="Name another file with -o, or replace it with --overwrite.",
            path=path,
        )


def _name(sequence: ImageSequence) -> str:
    """Return what tells a result from others, however its layers are spread and wherever it is."""
    return legible(sequence.pattern.stem.removesuffix(_LAYER) or "matte")


def _refuse_other(path: Path, said: str, name: str) -> None:
    """Make sure that a movie in the way is of the same result.

    Raises:
        WouldOverwriteError: It says that it is of another.
    """
    other = said.partition(_OF)[2]
    if other not in ("", name):
        raise WouldOverwriteError(
            f"{path} is a movie of {other}, not of {name}.",
            hint="Name another file with -o, or replace it with --overwrite.",
            path=path,
        )


def _rendering(
    settings: AssembleSettings, sequence: ImageSequence, first: SourceFrame, listener: Listener
) -> Rendering:
    """Find the way from the frames' light to codes, and say which where nobody asked for one."""
    config = open_config(settings.config)
    output, plate = first.spaces
    if output is None:  # of another program
        stated = still_space(SequencePlate(sequence), config)
        output = stated.space if stated is not None else None
        told = f"from {stated.source}" if stated is not None and output else "assumed"
        output = output or PlateSpace.LINEAR_REC709.value
        listener(Noted(f"the frames are in {output}, {told}"))
    rendering = open_rendering(settings.view_transform, config, output, plate)
    if settings.view_transform == AUTO_VIEW:
        origin = "as the plate was" if rendering.target == plate else "assumed of light"
        listener(
            Noted(f"colour is encoded as {rendering.spoken}, {origin}; --view-transform changes it")
        )
    if not rendering.tags.is_stated:
        listener(
            Warned(
                f"A movie has no tags for {rendering.spoken}: it says nothing of its colour, and "
                "programs will take it for Rec.709."
            )
        )
    return rendering


def _format(
    settings: AssembleSettings,
    source: MovieSource,
    rendering: Rendering,
    rate: Fraction,
    listener: Listener,
    name: str,
) -> ProResFormat:
    warn_of_rates(source, rate, listener)
    timecode = first_timecode(source, rate, listener)
    first = source.frames[0]
    form = MovieFormat(
        size=source.display.size,
        rate=rate,
        pixel_aspect=first.facts.pixel_aspect,
        timecode=None if timecode is None else str(timecode),
        comment=f"{_comment(settings, source, rendering, rate)}{_OF}{name}",
    )
    return ProResFormat(
        shared=form,
        reel=first.reel,
        has_alpha=settings.alpha is not MovieAlpha.NONE,
        matrix=Matrix.BT2020 if rendering.tags.is_wide else Matrix.BT709,
        transfer=rendering.tags.transfer,
        primaries=rendering.tags.primaries,
    )


def _comment(
    settings: AssembleSettings, source: MovieSource, rendering: Rendering, rate: Fraction
) -> str:
    """Return what the movie says of itself: a hash of all that decides what is in it."""
    parts = [
        f"{_FORM} {settings.alpha} {rate}",
        f"{rendering.source}\0{rendering.display}\0{rendering.target}\0{rendering.bounds}",
        f"{rendering.config.name.rpartition('/')[2]} {rendering.config.digest}",
        *(f"{one.number} {one.digest}" for one in source.frames),
    ]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{_MARK} {digest}"


def _make(
    path: Path, pictures: MoviePictures, source: MovieSource, form: ProResFormat, listener: Listener
) -> None:
    remove_leftovers(path.parent, [path.name])
    tasks = (partial(pictures.picture, frame) for frame in source.frames)
    with ReadAhead(tasks, threads=_READERS, depth=_HELD) as made:
        write_prores(path, _told(made, len(source.frames), listener), form)


def _told(
    pictures: Iterable[tuple[Codes, ...]], total: int, listener: Listener
) -> Iterator[tuple[Codes, ...]]:
    """Hand pictures on, telling how many there were and how long the others will take."""
    listener(StageReached("assembling", 0, total, "making the movie"))
    started = time.monotonic()
    for done, picture in enumerate(pictures, start=1):
        yield picture
        to_go = (time.monotonic() - started) / done * (total - done)
        listener(StageReached("assembling", done, total, "making the movie", to_go))
