"""The demo: a plate that is drawn here, keyed as any other plate is."""

from pathlib import Path
from typing import Final

from robust_matte.jobs.demo_clip import find_photograph, write_clip
from robust_matte.jobs.key import key
from robust_matte.jobs.key_result import KeyResult
from robust_matte.jobs.progress import Listener
from robust_matte.media.sequences import FramePattern
from robust_matte.settings.choices import PlateSpace
from robust_matte.settings.key_settings import KeySettings

__all__ = ["demo_settings", "run_demo"]

_PLATE: Final = "plate/astronaut.####.exr"
_MATTE, _SHEET, _REVIEW = "matte", "contact_sheet.png", "review.mp4"


def demo_settings(
    folder: Path,
    *,
    model: str = "draft",
    device: str = "auto",
    offline: bool = False,
    overwrite: bool = False,
) -> KeySettings:
    """Return the job that keys the demo's plate.

    Args:
        folder: Where everything goes.
        model: As in `KeySettings`; `draft` is always here.
        device: As in `KeySettings`.
        offline: As in `KeySettings`.
        overwrite: As in `KeySettings`; of the plate, too.

    Raises:
        SettingsError: A value is out of range.
    """
    folder = folder.absolute()
    return KeySettings(
        plate=str(folder / _PLATE),
        plate_space=PlateSpace.LINEAR_REC709,
        output=str(folder / _MATTE),
        model=model,
        device=device,
        offline=offline,
        overwrite=overwrite,
        contact_sheet=str(folder / _SHEET),
        review=folder / _REVIEW,
    )


def run_demo(settings: KeySettings, listener: Listener) -> KeyResult:
    """Draw the plate and key it; what is right already is left alone, as by `key`.

    Args:
        settings: What `demo_settings` returned.
        listener: Told of progress.

    Raises:
        InstallationError: The photograph is not installed.
        RobustMatteError: Whatever keying a plate raises.
    """
    pattern, photograph = FramePattern.parse(settings.plate), find_photograph()
    write_clip(pattern, photograph, listener, overwrite=settings.overwrite)
    return key(settings, listener)
