"""What the worker says, in the words of the panel. Shown text only; knows nothing of bpy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .robust_matte_client import Stage

__all__ = ["spoken_frame", "spoken_stage", "spoken_text"]

# How a text of the worker begins, and what the panel says. The first that fits counts.
_BEGINNINGS = (
    ("warming up", "warms up"),
    ("rolling", "runs up"),
    ("starting", "opens the plate"),
    ("comparing contents", "reads the plate's files"),
    ("checking", "checks"),
    ("comparing", "compares"),
    ("counting", "counts"),
    ("drawing", "draws"),
    ("fetching", "fetches"),
    ("loading", "loads the model"),
    ("looking", "looks"),
    ("measuring", "measures"),
    ("reading", "reads"),
    ("writing", "writes"),
)
_WORDLESS = {"loading": "loads the model", "warming": "warms up", "writing": "writes files"}
# What the command line calls a setting, and the panel.
_NAMES = {
    "--cuts": "Cuts",
    "--despill": "Despill",
    "--device": "Device in the preferences",
    "--downsample": "Downsample",
    "--frames": "Range",
    "--gain": "Gain",
    "--model": "Model",
    "--plate-space": "Plate Space",
    "--warm-up": "Warm-up",
}
# Ways out of the command line, and those of the panel; what it has none of is left out.
_WAYS = (
    (
        r", ask for[^,]* with --frames[^,]*, or fill them with --missing hold or --missing black",
        ", or set Range to frames that are there",
    ),
    (
        r"Render it, preview another one, or fill it with --missing hold or --missing black",
        "Render it, or preview another one",
    ),
    (r"; without it, --missing hold keys the others", "; or set Range to frames that are whole"),
    (
        r"; --overwrite keys everything again with [^;]*?(?=\.$)",
        "; for other weights, name them as Model",
    ),
    (r",? or (key everything again|replace (it|them|the result)) with --overwrite", ""),
    (r"\bChoose another output( folder)?\b", "Choose another Folder under Output"),
)
_FLAG = re.compile(r"(?<![\w/.-])--[a-z]+(?:-[a-z]+)*(?![\w/-])")


def spoken_stage(stage: Stage) -> str:
    """Return what goes on; nothing while frames are keyed, since each of them is told.

    Example: `Plans: looks for cuts, 12 of 40`.
    """
    if stage.stage == "keying":
        return ""
    text = stage.text.strip() or _WORDLESS.get(stage.stage, stage.stage)
    fetched = re.fullmatch(r"(\S+) from http\S+", text)
    if fetched is not None:  # of the model's file; its megabytes are counted
        text = f"fetching {fetched[1]}"
    for worker, panel in _BEGINNINGS:
        if re.match(rf"{worker}\b", text):
            text = panel + text[len(worker) :]
            break
    if stage.stage == "planning" and stage.total:
        text = f"Plans: {text}"
    count = f", {stage.done} of {stage.total}" if stage.total > 1 else ""
    return f"{text[:1].upper()}{text[1:]}{count}"


def spoken_text(text: str) -> str:
    """Return a sentence of the worker with settings, and ways out, named as the panel does.

    Flags that the panel has nothing for stay: a terminal takes them.

    Example:
        >>> spoken_text("Frame 7 is odd; see --plate-space and --nonfinite.")
        'Frame 7 is odd; see Plate Space and --nonfinite.'
    """
    for command_line, panel in _WAYS:
        text = re.sub(command_line, panel, text)
    return _FLAG.sub(lambda found: _NAMES.get(found[0], found[0]), text)


def spoken_frame(number: int, scene: int | None) -> str:
    """Return a frame of the plate, and where it lies in the scene if that is another number.

    Example:
        >>> spoken_frame(1010, 10), spoken_frame(7, 7)
        ('plate frame 1010 (scene frame 10)', 'frame 7')
    """
    if scene is None or scene == number:
        return f"frame {number}"
    return f"plate frame {number} (scene frame {scene})"
