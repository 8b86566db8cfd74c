"""The space of the result: as asked, else light in the plate's primaries."""

import hashlib
from pathlib import Path

from robust_matte.colour.configs import ColourConfig, builtin_config, find_space
from robust_matte.colour.model_view import ModelView
from robust_matte.colour.spaces import Kind, describe, sign
from robust_matte.colour.transforms import lookup_files
from robust_matte.errors import SettingsError
from robust_matte.jobs.plan import ColourRecord
from robust_matte.jobs.plate_space import AssumedSpace
from robust_matte.settings.choices import ImageFormat, PlateSpace

__all__ = ["colour_record", "settle_output"]


def settle_output(
    space: AssumedSpace, asked: str | None, config: ColourConfig, form: ImageFormat
) -> str:
    """Return the scene-linear space that the result is written and premultiplied in.

    Args:
        space: The plate's.
        asked: What `--output-space` says, or None for the working space.
        config: The config that names spaces.
        form: The format of the result.

    Raises:
        SettingsError: The name is not known, is not scene-linear, or has no use.
    """
    if asked is None:
        return describe(config, space.space).working
    if form is ImageFormat.PNG:
        raise SettingsError(
            f"PNG is written for a display: the output space {asked} has no use.",
            hint="Leave --output-space out, or write EXR.",
        )
    output = describe(config, asked)
    if output.kind is not Kind.LINEAR:
        raise SettingsError(
            f"The output space {asked} is not scene-linear, and colour can only be premultiplied "
            "and composited as light.",
            hint=f'Write "{output.working}", and convert after the comp.',
        )
    return output.name


def colour_record(seen: ModelView) -> ColourRecord:
    """Put down what is written of the result's space, and which config names it."""
    space = seen.described
    output = seen.output or space.working
    signature = sign(seen.config, output)
    is_named = seen.config != builtin_config() and any(
        find_space(seen.config, name)[0] == seen.config
        for name in (space.name, output)
        if PlateSpace.named(name) is None
    )
    return ColourRecord(
        output=output,
        chromaticities=signature.chromaticities,
        interop_id=signature.interop_id,
        is_invertible=seen.is_invertible,
        config=Path(seen.config.name).name if is_named else "",
        config_sha256=_digest(seen.config, space.name, output) if is_named else "",
    )


def _digest(config: ColourConfig, plate: str, output: str) -> str:
    """Hash a config with the look-up tables that are read from it for a job."""
    linear = PlateSpace.LINEAR_REC709.value
    ways = ((plate, linear), (linear, plate), (plate, output))
    files = {file for way in ways for file in _files(config, *way)}
    if not config.digest and not files:
        return ""
    digest = hashlib.sha256(config.digest.encode())
    for path in sorted(map(Path, files)):
        if path.is_file():  # those within an .ocioz archive are part of it
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(config: ColourConfig, source: str, target: str) -> tuple[str, ...]:
    try:
        return lookup_files(config, source, target)
    except SettingsError:  # some spaces can be read but not written
        return ()
