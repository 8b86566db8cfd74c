"""The options of `key`, which other commands take, too."""

from collections.abc import Callable, Collection
from inspect import Parameter, signature
from typing import Annotated, Any

import typer

from robust_matte.cli.masks import Core, Garbage, InvertGarbage, OwnAlpha
from robust_matte.cli.pictures import ContactSheet, HintBits, HintFolder, Review, ReviewOver
from robust_matte.cli.progress import ProgressStyle, progress_option
from robust_matte.cli.shaping import BlackPoint, Gamma, Grow, Soften, WhitePoint
from robust_matte.cli.stopping import OnTerm
from robust_matte.settings.choices import (
    Compression,
    Depth,
    Despill,
    Framing,
    HintDepth,
    ImageFormat,
    Layers,
    Missing,
    Nonfinite,
    Refiner,
    SourceAlpha,
    WorkArea,
)
from robust_matte.settings.first_frame import FIRST_FRAME_FLAG, parse_first_frame
from robust_matte.settings.warm_up import DEFAULT_WARM_UP

__all__ = ["RUN_PANEL", "given_settings", "key_options", "taking"]

RUN_PANEL = "Running"

_MATTE = "Matte"
_CUTS = "Frames and cuts"
_OUTPUT = "Output"
_NO_SETTINGS = ("on_term", "progress", "verbose")


def key_options(
    model: Annotated[
        str,
        typer.Option(
            metavar="auto|NAME|FILE",
            help="auto takes mobilenetv3 if it is here, else draft, the small network that comes "
            "with this program; mobilenetv3 and resnet50 by name are fetched if they are not here; "
            "a file is RVM's .pth or .safetensors.",
            rich_help_panel=_MATTE,
        ),
    ] = "auto",
    refiner: Annotated[
        Refiner,
        typer.Option(
            help="What lifts the matte to full size; auto takes the one the weights hold.",
            rich_help_panel=_MATTE,
        ),
    ] = Refiner.AUTO,
    downsample: Annotated[
        str,
        typer.Option(
            help="The network's view: auto (longest side 512, 256 of draft), a ratio such as 0.25, "
            "or a longest side such as 1024px. For full-body shots take --framing.",
            rich_help_panel=_MATTE,
        ),
    ] = "auto",
    framing: Annotated[
        Framing | None,
        typer.Option(
            help="How much of people is seen, in place of --downsample: portrait is auto, "
            "full-body one and a half times as large.",
            rich_help_panel=_MATTE,
        ),
    ] = None,
    roi: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,W,H",
            help="Key this part of the picture alone, the same on every frame: first column, first "
            "row, width and height in the plate's pixels, from the top left, as EXR windows are. "
            "Alpha is 0 around it.",
            rich_help_panel=_MATTE,
        ),
    ] = None,
    warm_up: Annotated[
        int,
        typer.Option(
            min=0,
            max=256,
            help="Frames fed backwards before each segment's first frame, so that it is not keyed "
            "from nothing.",
            rich_help_panel=_MATTE,
        ),
    ] = DEFAULT_WARM_UP,
    plate_space: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="How the plate is encoded, such as ACEScg, arri_logc4 or srgb_rec709_scene: any "
            "colour space, alias or role of the config; by default from its tags, else linear for "
            "float files and sRGB for integer files.",
            rich_help_panel=_MATTE,
        ),
    ] = None,
    output_space: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The scene-linear space of the result, in which it is premultiplied; by default "
            "that with the plate's primaries.",
            rich_help_panel=_MATTE,
        ),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|NAME",
            help="The OpenColorIO config that names colour spaces; by default that of $OCIO, else "
            "a studio config that is built in.",
            rich_help_panel=_MATTE,
        ),
    ] = None,
    gain: Annotated[
        str,
        typer.Option(
            metavar="auto|STOPS",
            help="How much brighter the network sees the plate than it is, for dark and for "
            "bright shots; the result's light is untouched. auto finds it for each shot.",
            rich_help_panel=_MATTE,
        ),
    ] = "0",
    despill: Annotated[
        Despill,
        typer.Option(
            help="Take colour out of the foreground's soft edge: what is greener or bluer than the "
            "rest, or what is left of the background nearby.",
            rich_help_panel=_MATTE,
        ),
    ] = Despill.NONE,
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The layer or part of an EXR plate to key, such as beauty; by default its own "
            "RGB.",
            rich_help_panel=_MATTE,
        ),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|all",
            help="The view of a stereo plate to key, or all, one after the other; by default the "
            "first. In names, %V stands for the view.",
            rich_help_panel=_MATTE,
        ),
    ] = None,
    nonfinite: Annotated[
        Nonfinite,
        typer.Option(help="NaN and infinite plate pixels in the result.", rich_help_panel=_MATTE),
    ] = Nonfinite.KEEP,
    work_area: Annotated[
        WorkArea,
        typer.Option(
            help="Key all of the data windows (up to 1.5 times the display window), or the "
            "display window alone.",
            rich_help_panel=_MATTE,
        ),
    ] = WorkArea.DATA,
    garbage: Garbage = None,
    invert_garbage: InvertGarbage = False,
    core: Core = None,
    source_alpha: OwnAlpha = SourceAlpha.IGNORE,
    matte_black: BlackPoint = 0.0,
    matte_white: WhitePoint = 1.0,
    matte_gamma: Gamma = 1.0,
    matte_grow: Grow = 0.0,
    matte_soften: Soften = 0.0,
    frames: Annotated[
        str | None,
        typer.Option(
            help="What is written, such as 1001-1100 or 1001-1100x2. The frames are those of the "
            "whole plate's run, to the bit.",
            rich_help_panel=_CUTS,
        ),
    ] = None,
    first_frame: Annotated[
        str,
        typer.Option(
            metavar="N|timecode",
            help="Number of a movie's first frame; timecode counts it from the movie's.",
            rich_help_panel=_CUTS,
        ),
    ] = "1",
    cuts: Annotated[
        str,
        typer.Option(
            metavar="auto|off|headers|FRAMES|FILE",
            help="auto finds them, off keys the plate as one shot, headers looks where reel or "
            "timecode jump; or the first frame of each new shot such as 1050,1120; or an edit "
            "list: .edl, .otio, .aaf, or Final Cut Pro's .xml.",
            rich_help_panel=_CUTS,
        ),
    ] = "auto",
    cuts_rate: Annotated[
        str | None,
        typer.Option(
            metavar="RATE",
            help="Frames a second of an EDL, such as 24, 23.976 or 29.97df, with df where frame "
            "numbers are dropped. An EDL does not tell.",
            rich_help_panel=_CUTS,
        ),
    ] = None,
    cuts_at: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="The plate's frame at which an edit begins; by default by timecode, or, where "
            "there is none, the first.",
            rich_help_panel=_CUTS,
        ),
    ] = None,
    missing: Annotated[
        Missing,
        typer.Option(
            help="Frames the plate lacks: stop, repeat the result before them, or write black.",
            rich_help_panel=_CUTS,
        ),
    ] = Missing.FAIL,
    cold: Annotated[
        bool,
        typer.Option(
            "--cold",
            help="Start at the first written frame instead of rolling to it: quick, approximate, "
            "and marked so.",
            rich_help_panel=_CUTS,
        ),
    ] = False,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="A folder, or a pattern such as sh010_matte.####.exr; by default the folder "
            "PLATE_matte here.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    image_format: Annotated[
        ImageFormat | None,
        typer.Option(
            "--format",
            help="The format of files in a folder, exr by default; a pattern's name says its own. "
            "PNG is 16 bits, straight, encoded for display, without light beyond white.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    layers: Annotated[
        Layers,
        typer.Option(
            help="combined: one file with RGBA, foreground and matte. multipart: one EXR with the "
            "parts rgba, alpha and foreground, as Blender wants it. separate: a folder each of "
            "these.",
            rich_help_panel=_OUTPUT,
        ),
    ] = Layers.COMBINED,
    depth: Annotated[
        Depth, typer.Option(help="Bits of a channel.", rich_help_panel=_OUTPUT)
    ] = Depth.HALF,
    compression: Annotated[
        Compression, typer.Option(help="All are lossless.", rich_help_panel=_OUTPUT)
    ] = Compression.ZIPS,
    crop: Annotated[
        bool,
        typer.Option(
            "--crop",
            help="Write the part of each frame alone that holds any alpha, as its data window.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False,
    hint_dir: HintFolder = None,
    hint_depth: HintBits = HintDepth.EIGHT,
    contact_sheet: ContactSheet = "auto",
    review: Review = None,
    review_over: ReviewOver = "checker",
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace what another job wrote there.", rich_help_panel=_OUTPUT
        ),
    ] = False,
    device: Annotated[
        str,
        typer.Option(
            help="auto, cpu, cuda, cuda:1 or mps; a named one never falls back.",
            rich_help_panel=RUN_PANEL,
        ),
    ] = "auto",
    threads: Annotated[
        int,
        typer.Option(
            min=0,
            help="Threads of the network; 0 is what the job was begun with, at first one a core.",
            rich_help_panel=RUN_PANEL,
        ),
    ] = 0,
    repin: Annotated[
        bool,
        typer.Option(
            "--repin",
            help="Key anew what was begun with other versions, another device or other threads, "
            "instead of stopping.",
            rich_help_panel=RUN_PANEL,
        ),
    ] = False,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Never touch the network.", rich_help_panel=RUN_PANEL),
    ] = False,
    on_term: Annotated[
        OnTerm,
        typer.Option(
            help="After SIGTERM, once the frame is done and the state kept: end with code 75, or "
            "by the signal, as OpenCue wants it.",
            rich_help_panel=RUN_PANEL,
        ),
    ] = OnTerm.EXIT75,
    progress: Annotated[ProgressStyle, progress_option(RUN_PANEL)] = ProgressStyle.AUTO,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Log each step.", rich_help_panel=RUN_PANEL),
    ] = False,
) -> None:
    """Declare the options; `taking` gives them to a command."""


def taking(
    declared: Callable[..., None], *, without: Collection[str] = (), last: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options that a function declares, in place of its `**options`.

    So they are written once, with their help and their defaults, for all commands that take them.

    Args:
        declared: A function whose parameters are the options.
        without: Names of those that the command does not take.
        last: Names of the command's own that the help shows after them.
    """

    def give(command: Callable[..., None]) -> Callable[..., None]:
        own = [
            one
            for one in signature(command).parameters.values()
            if one.kind is not Parameter.VAR_KEYWORD
        ]
        every = [
            *(one for one in own if one.name not in last),
            *(one for one in signature(declared).parameters.values() if one.name not in without),
            *(one for one in own if one.name in last),
        ]
        every = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in every]
        given: Any = command  # functions take any attribute, but their type does not say so
        given.__signature__ = signature(command).replace(parameters=every)
        given.__annotations__ = {one.name: one.annotation for one in every} | {"return": None}
        return command

    return give


def given_settings(options: dict[str, Any]) -> dict[str, Any]:
    """Return what options say of a job, as `KeySettings` takes it.

    Raises:
        SettingsError: The first frame is no number.
    """
    settings = {name: value for name, value in options.items() if name not in _NO_SETTINGS}
    settings["format"] = settings.pop("image_format")
    settings["first_frame"] = parse_first_frame(settings["first_frame"], FIRST_FRAME_FLAG)
    return settings
