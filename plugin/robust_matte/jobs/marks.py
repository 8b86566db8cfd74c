"""How a written file says which job, frame and layer it is of."""

from collections.abc import Iterable
from pathlib import Path

from robust_matte.errors import FrameReadError
from robust_matte.media.exr_header import read_header
from robust_matte.media.formats import JOB_ATTRIBUTE
from robust_matte.media.stills import read_spec

__all__ = [
    "FRAME_ATTRIBUTE",
    "LAYER_ATTRIBUTE",
    "PINS_ATTRIBUTE",
    "is_there",
    "read_mark",
    "read_texts",
]

FRAME_ATTRIBUTE, LAYER_ATTRIBUTE = "robust_matte/frame", "robust_matte/layer"
PINS_ATTRIBUTE = "robust_matte/pins"

_MARK = (JOB_ATTRIBUTE, FRAME_ATTRIBUTE, LAYER_ATTRIBUTE)


def is_there(path: Path) -> bool:
    """Say whether there is a file to lose; an empty one is what a power cut leaves."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def read_mark(path: Path, *more: str) -> tuple[str, ...]:
    """Return job, frame number and layer that a file says it is of; `()` if it says none.

    Args:
        path: The file.
        more: Further attributes to return behind these.
    """
    names = (*_MARK, *more)
    if not is_there(path):
        return ()
    try:
        found = read_texts(path, names)
    except FrameReadError:
        return ()
    return tuple(found[name] for name in names if name in found)


def read_texts(path: Path, names: Iterable[str]) -> dict[str, str]:
    """Return those of some text attributes that a file has.

    Raises:
        FrameReadError: It is no image, or its header is damaged.
    """
    if path.suffix.lower() == ".exr":
        attributes = read_header(path).parts[0].attributes
        held = [name for name in names if name in attributes]
        return {name: attributes[name].value.decode(errors="replace") for name in held}
    spec = read_spec(path)
    texts = {name: spec.get_string_attribute(name) for name in names}
    return {name: text for name, text in texts.items() if text}
