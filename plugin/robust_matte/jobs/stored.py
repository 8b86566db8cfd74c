"""How a plate's pixels are stored, and which of them are keyed."""

from collections.abc import Callable
from pathlib import Path

from robust_matte.errors import InputError
from robust_matte.jobs.headers import Headers
from robust_matte.jobs.plate_info import ChannelInfo, PartInfo, StorageInfo
from robust_matte.media.exr_header import read_header
from robust_matte.media.exr_layers import choose_layer, offers_of
from robust_matte.media.plates import Plate
from robust_matte.media.still_facts import PartFacts
from robust_matte.media.stills import keyed_channels, read_spec

__all__ = ["storage_of"]

_Taken = dict[str, object]


def storage_of(
    plate: Plate, headers: Headers, trouble: Callable[[InputError], None]
) -> StorageInfo | None:
    """Say how the first file that opens is stored, and what of it is keyed.

    Args:
        plate: Files.
        headers: What their headers said.
        trouble: Called with what stops `key`.
    """
    first, number = headers.first, headers.number
    if first is None or number is None:
        return None
    path = plate.pattern.path(number)
    info = StorageInfo(
        format=first.format,
        compression=first.compression,
        parts=tuple(_part_info(part) for part in first.parts),
        keyed=(),
        has_alpha=False,
        differing_channels=headers.differing_channels,
        first_differing=headers.first_differing,
    )
    if path.suffix.lower() == ".exr":
        offers = offers_of(read_header(path))
        info = info.model_copy(update={"layers": offers.layers, "views": offers.views})
    try:
        return info.model_copy(update=_keyed(plate, path, number, info))
    except InputError as error:
        trouble(error)
        return info


def _keyed(plate: Plate, path: Path, number: int, info: StorageInfo) -> _Taken:
    """Return what is keyed, by the fields of `StorageInfo`."""
    if path.suffix.lower() != ".exr":
        spec = read_spec(path)
        names = [spec.channelnames[at] for at in keyed_channels(spec, path, number)]
        return {"keyed": tuple(names), "has_alpha": _has_alpha(info.parts[0], "")}
    layer = choose_layer(read_header(path), plate.choice, path, number)
    prefix = layer.channels[0].rpartition(".")[0]
    return {
        "keyed": layer.channels * (3 // len(layer.channels)),  # luminance serves as all three
        "keyed_part": layer.part,
        "keyed_layer": layer.name or None,
        "keyed_view": layer.view,
        "has_alpha": _has_alpha(info.parts[layer.part], f"{prefix}." if prefix else ""),
    }


def _has_alpha(part: PartInfo, prefix: str) -> bool:
    alphas = (f"{prefix}a".lower(), f"{prefix}alpha".lower())
    return any(one.name.lower() in alphas for one in part.channels)


def _part_info(part: PartFacts) -> PartInfo:
    channels = tuple(ChannelInfo(name=one.name, depth=one.depth) for one in part.channels)
    return PartInfo(name=part.name, view=part.view, channels=channels)
