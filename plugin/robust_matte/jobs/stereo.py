"""Stereo plates: one job for each view, and which layer and view a job is of."""

from collections.abc import Sequence
from pathlib import Path

from robust_matte.errors import SettingsError
from robust_matte.jobs.output_names import is_file_name
from robust_matte.jobs.progress import Listener, Noted
from robust_matte.media.exr_layers import LayerChoice
from robust_matte.media.plates import Plate, SequencePlate, open_plate
from robust_matte.media.views import find_views, has_view_place, with_view
from robust_matte.settings.key_settings import KeySettings

__all__ = ["ALL_VIEWS", "output_of_view", "settings_of_views", "settle_picture"]

ALL_VIEWS = "all"


def settings_of_views(settings: KeySettings) -> list[KeySettings]:
    """Return the job of each view where `all` are asked for, else the job as it is.

    Each is the job that the same command with that view alone would be: a view has its own plan,
    its own cuts and its own state.

    Raises:
        InputError: There is no such plate.
        SettingsError: The plate is not stereo, or files of the views would have one name.
    """
    if settings.view != ALL_VIEWS:
        return [_with_its_view(settings)]
    views = _views(settings)
    for file in (settings.contact_sheet, settings.review):
        if file not in (None, "auto", "none") and not has_view_place(str(file)):
            raise _one_name(str(file), views)
    output = _output_pattern(settings, views)
    hints = settings.hint_dir
    if hints is not None and not has_view_place(str(hints)):
        hints = hints / "%V"
    named = settings.model_copy(update={"output": output, "hint_dir": hints})
    return [_of_view(named, view) for view in views]


def output_of_view(output: str, plate: Plate) -> str:
    """Return the name of a result with its plate's view for `%V`.

    Raises:
        SettingsError: There is a `%V`, and no view.
    """
    if not has_view_place(output):
        return output
    view = plate.picture.view
    if view is None:
        raise SettingsError(
            f"The output {Path(output)} has a place for a view, and {plate.source} has no views.",
            hint="Leave %V out of the name.",
        )
    return with_view(output, view)


def settle_picture(plate: Plate, asked: LayerChoice, listener: Listener) -> LayerChoice:
    """Return which layer and view of a plate is keyed, and tell of what nobody chose.

    Raises:
        InputError: The plate has no such layer or view, or several and none that is meant.
    """
    picture = plate.picture
    if not isinstance(plate, SequencePlate):
        return picture
    offers = plate.offers
    if asked.view is None and len(offers.views) > 1 and picture.view is not None:
        told = ", ".join(offers.views)
        listener(Noted(f"view {picture.view} of {told}; --view names another, or all for each"))
    if asked.layer is None and len(offers.layers) > 1 and picture.layer is not None:
        told = ", ".join(offers.layers)
        listener(Noted(f"layer {picture.layer} of {told}; --layer names another"))
    return picture


def _with_its_view(settings: KeySettings) -> KeySettings:
    """Return a job with its view in the names of what is made beside the frames."""
    named = {
        name: file
        for name in ("contact_sheet", "review", "hint_dir")
        if (file := getattr(settings, name)) is not None and has_view_place(str(file))
    }
    if not named:
        return settings
    choice = LayerChoice(settings.layer, settings.view)
    plate = open_plate(settings.plate, first_frame=settings.first_frame, choice=choice)
    update = {name: type(file)(output_of_view(str(file), plate)) for name, file in named.items()}
    return settings.model_copy(update=update)


def _views(settings: KeySettings) -> Sequence[str]:
    if has_view_place(settings.plate):
        return find_views(str(Path(settings.plate).absolute()))
    choice = LayerChoice(settings.layer)
    plate = open_plate(settings.plate, first_frame=settings.first_frame, choice=choice)
    views = plate.offers.views if isinstance(plate, SequencePlate) else ()
    if not views:
        raise SettingsError(
            f"{plate.source} has no views: --view all cannot be used.",
            hint="Leave --view out; views in files of their own are named with %V, as in "
            "plate.%V.####.exr.",
        )
    return views


def _output_pattern(settings: KeySettings, views: Sequence[str]) -> str:
    """Return the output with a place for the view."""
    output = settings.output
    if output is None:
        choice = LayerChoice(settings.layer, views[0])
        stem = open_plate(settings.plate, choice=choice).pattern.stem
        kept = [part for part in stem.split(".") if part != views[0]] or [stem]
        output = f"{'.'.join(kept)}_matte"
    if has_view_place(output):
        return output
    if is_file_name(output):
        raise _one_name(output, views)
    return f"{output}/%V"


def _of_view(settings: KeySettings, view: str) -> KeySettings:
    """Return the job of one view, with its name in the names of what is written."""
    named = {
        name: type(file)(with_view(str(file), view))
        for name in ("output", "contact_sheet", "review", "hint_dir")
        if (file := getattr(settings, name)) is not None
    }
    return settings.model_copy(update=named | {"view": view})


def _one_name(name: str, views: Sequence[str]) -> SettingsError:
    path = Path(name)
    stem, _, rest = path.name.partition(".")
    return SettingsError(
        f"{path} is one name for the views {', '.join(views)}.",
        hint=f"Put %V where the view's name goes, such as {path.with_name(f'{stem}.%V.{rest}')}.",
    )
