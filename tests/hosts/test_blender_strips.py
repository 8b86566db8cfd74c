"""Strips of the sequencer: which plate frame is under a scene frame, and what a result shows."""

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio
import pytest

from robust_matte.media.frames import FloatImage

WIDTH, HEIGHT = 32, 24
FRAMES = 12
FIRST = 1001
SPACE = "Linear Rec.709"

SETUP = '''
import importlib, json, sys, warnings
from pathlib import Path

warnings.filterwarnings("error", message=".*[Ss]trip", category=DeprecationWarning)
module, hosts, folder = sys.argv[1:4]
sys.path.insert(0, hosts)
import bpy
from blend_dump import differences, dump_blend

errors, frames, result, strip_results, strips, timeline_bake, versions, plate_render = (
    importlib.import_module(f"{module}.{name}")
    for name in (
        *("errors", "frames", "result", "strip_results", "strips", "timeline_bake", "versions"),
        "plate_render",
    )
)
folder = Path(folder)
NEW_NAMES = bpy.app.version >= (5, 2)
LENGTH = "length" if bpy.app.version >= (5, 0) else "frame_end"


def new_scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 32, 24
    scene.render.fps = 25
    scene.sequencer_colorspace_settings.name = "Linear Rec.709"
    versions.set_exr(scene.render.image_settings)
    return scene, versions.strips(scene.sequence_editor_create())


def add_images(place, start, names=None, channel=1):
    names = names or [f"plate.{number}.exr" for number in range(1001, 1013)]
    strip = place.new_image("plate", str(folder / names[0]), channel, start)
    for name in names[1:]:
        strip.elements.append(name)
    strip.colorspace_settings.name = "Linear Rec.709"
    return strip


def add_movie(place, start):
    return place.new_movie("movie", str(folder / "movie.mov"), 1, start)


def trim(strip, first, last):
    """Move both handles; the media stays where it is."""
    if NEW_NAMES:
        strip.right_handle, strip.left_handle = last + 1, first
    else:
        strip.frame_final_end, strip.frame_final_start = last + 1, first


def cut(strip, start, end):
    """Cut frames off the media for good."""
    if NEW_NAMES:
        strip.content_trim_start, strip.content_trim_end = start, end
    else:
        strip.animation_offset_start, strip.animation_offset_end = start, end


def render(scene, name, first, last):
    scene.render.filepath = str(folder / name / "frame_####")
    scene.frame_start, scene.frame_end = first, last
    bpy.ops.render.render(animation=True)
'''

MAPPING = """
CASES = {
    "sequence": lambda place: add_images(place, 5),
    "handles": lambda place: (one := add_images(place, 5), trim(one, 8, 13))[0],
    "held": lambda place: (one := add_images(place, 5), trim(one, 2, 20))[0],
    "offset": lambda place: (one := add_images(place, 5), cut(one, 3, 2))[0],
    "both": lambda place: (one := add_images(place, 5), cut(one, 3, 2), trim(one, 7, 9))[0],
    "still": lambda place: (one := add_images(place, 5, ["plate.1004.exr"]), trim(one, 3, 12))[0],
    "version": lambda place: add_images(place, 5, ["still_v002.exr"]),
    "movie": lambda place: add_movie(place, 10),
    "movie trimmed": lambda place: (one := add_movie(place, 10), trim(one, 13, 18))[0],
    "movie offset": lambda place: (one := add_movie(place, 10), cut(one, 4, 1))[0],
    "movie both": lambda place: (one := add_movie(place, 10), cut(one, 4, 1), trim(one, 9, 14))[0],
}
found = {}
for name, make in CASES.items():
    scene, place = new_scene()
    strip = make(place)
    at = versions.strip_frames(strip)
    before = dump_blend()
    source = strips.strip_source(scene, strip)
    changed = differences(before, dump_blend())
    told = {number: source.frames.media(number) for number in range(at.first, at.last + 1)}
    found[name] = {
        "kind": source.kind,
        "plate": source.plate,
        "range": [source.first, source.last],
        "told": told,
        "changed": changed,
        "warnings": source.warnings,
        "space": source.space,
    }
    render(scene, name, at.first, at.last)
print("FOUND " + json.dumps(found))
"""

RESULTS = """
def matte(first, last, start):
    return result.Baked(
        str(folder / "matte.####.exr"), first, last, frames.FrameMapping(start, first - 1, 12)
    )


found = {}
CASES = {
    "whole": (lambda one: None, 1001, 1012),
    "handles": (lambda one: trim(one, 8, 13), 1004, 1009),
    "held": (lambda one: trim(one, 2, 20), 1001, 1012),
    "offset": (lambda one: cut(one, 3, 2), 1004, 1010),
    "part": (lambda one: None, 1003, 1006),
}
for name, (change, first, last) in CASES.items():
    scene, place = new_scene()
    other = add_images(place, 5, channel=2)
    other.mute = True
    strip = add_images(place, 5)
    strip.name = "shot"
    change(strip)
    source = strips.strip_source(scene, strip)
    baked = result.Baked(str(folder / "matte.####.exr"), first, last, source.frames)
    for _ in range(2):
        with bpy.context.temp_override(window=None):  # as in the ticks of a timer
            put, _ = strip_results.add_result(scene, strip, baked, "the uid", is_rendered=False)
    strip.mute = True
    at, own = versions.strip_frames(strip), versions.strip_frames(put)
    found[name] = {
        "name": put.name,
        "channel": put.channel,
        "shown": [own.first, own.last],
        "of strip": [at.first, at.last],
        "strips": len(place),
        "looks": [put.alpha_mode, put.blend_type, put.colorspace_settings.name],
        "media": {number: source.frames.media(number) for number in range(own.first, own.last + 1)},
    }
    render(scene, name, own.first, own.last)

# Over the plate, and where that lies in the frame.
scene, place = new_scene()
strip = add_images(place, 5)
strip.transform.scale_x = strip.transform.scale_y = 0.5
strip.transform.offset_x = 4
strip.crop.min_x = 2
strip.use_flip_x = True
mapping = strips.strip_source(scene, strip).frames
baked = result.Baked(str(folder / "matte.####.exr"), 1001, 1012, mapping)
put, _ = strip_results.add_result(scene, strip, baked, "the uid", is_rendered=False)
strip.mute = True
render(scene, "placed", 7, 7)
strip.mute = False
place.remove(put)

# What fails half-way leaves the former result, and nothing else.
former, _ = strip_results.add_result(scene, strip, baked, "the uid", is_rendered=False)
kept, strip_results._lie_over = strip_results._lie_over, lambda *_: 1 / 0
try:
    strip_results.add_result(scene, strip, baked, "the uid", is_rendered=False)
except ZeroDivisionError:
    found["failed"] = [former.name, former.channel, len(place)]
strip_results._lie_over = kept
place.remove(former)

# A colour config of a studio, with other names; then one without any.
put, warnings = strip_results.add_result(scene, strip, baked, "the uid", is_rendered=False)
names = versions._LINEAR_REC709
told = [warnings]
versions._LINEAR_REC709 = ("Utility - none", "ACEScg")
told.append(strip_results.add_result(scene, strip, baked, "the uid", is_rendered=False)[1])
put = place["plate matte"]
told.append(put.colorspace_settings.name)
versions._LINEAR_REC709 = ("Utility - none",)
told.append(strip_results.add_result(scene, strip, baked, "the uid", is_rendered=False)[1])
found["config"] = told
try:
    plate_render.write_plates(scene.render.image_settings)
except errors.HostError as error:
    told.append(error.what)
versions._LINEAR_REC709 = names
place.remove(place["plate matte"])
strip.directory = str(folder)
for element in strip.elements:
    element.filename = element.filename.replace("plate", "matte")
render(scene, "placed_wanted", 7, 7)
print("FOUND " + json.dumps(found))
"""

TIMELINE = """
def gaps(scene, place):
    return add_images(place, 5, ["plate.1001.exr", "plate.1003.exr", "plate.1009.exr"])


def moved_and_coloured(scene, place):
    strip = add_images(place, 5)
    strip.transform.offset_x = 4
    strip.color_saturation = 0.5
    trim(strip, 6, 8)
    return strip


def modified(scene, place):
    strip = add_images(place, 5)
    strip.modifiers.new("bright", "BRIGHT_CONTRAST").bright = 10
    trim(strip, 6, 8)
    return strip


def animated(scene, place):
    strip = add_images(place, 5)
    for frame, value in ((6, 0.0), (8, 10.0)):
        strip.transform.offset_x = value
        strip.transform.keyframe_insert("offset_x", frame=frame)
    trim(strip, 6, 8)
    return strip


def sped_up(scene, place):
    strip = add_images(place, 5)
    arguments = {"input1": strip} if bpy.app.version >= (4, 4) else {"seq1": strip}
    length = {"length": 12} if bpy.app.version >= (5, 0) else {"frame_end": 17}
    effect = place.new_effect("speed", "SPEED", channel=2, frame_start=5, **length, **arguments)
    effect.speed_control, effect.speed_factor = "MULTIPLY", 2.0
    return strip


def backwards(scene, place):
    strip = add_images(place, 5)
    strip.use_reverse_frames = True
    trim(strip, 6, 8)
    return strip


found = {}
CASES = [gaps, moved_and_coloured, animated, sped_up, backwards]
if bpy.app.version[:2] != (5, 0):  # which crashes at new modifiers without a window
    CASES.append(modified)
for make in CASES:
    scene, place = new_scene()
    strip = make(scene, place)
    strip.blend_type = "ALPHA_OVER"
    source = strips.strip_source(scene, strip)
    name = make.__name__
    render(scene, f"{name}_wanted", source.first, source.last)
    # What is not of the strip does not count.
    over = add_images(place, 5, channel=4)
    scene.render.resolution_percentage = 50
    strip.mute = True
    before = dump_blend()
    bake = timeline_bake.TimelineBake(scene, strip, folder / name, source.first, source.last)
    with bpy.context.temp_override(window=None):
        numbers = list(bake)
    found[name] = {
        "kind": source.kind,
        "range": [source.first, source.last],
        "numbers": numbers,
        "warnings": source.warnings,
        "changed": differences(before, dump_blend()),
    }

said = {}
scene, place = new_scene()
early = add_images(place, -2)
early.name, early.color_saturation = "early", 0.5
source = strips.strip_source(scene, early)
try:
    timeline_bake.TimelineBake(scene, early, folder / "early", source.first, source.last)
except errors.HostError as error:
    said["early"] = error.what
bake = timeline_bake.TimelineBake(scene, early, folder / "early", 0, 1)
said["from 0"] = list(bake)
length = {"length": 5} if bpy.app.version >= (5, 0) else {"frame_end": 6}
colour = place.new_effect("colour", "COLOR", channel=1, frame_start=1, **length)
lost = add_images(place, 5, ["nowhere.1001.exr"], channel=2)
for strip in (colour, lost):
    try:
        strips.strip_source(scene, strip)
    except errors.HostError as error:
        said[strip.name] = error.what
print("FOUND " + json.dumps({"bakes": found, "said": said}))
"""

OPERATOR = """
from types import SimpleNamespace
from unittest.mock import MagicMock

settings_of = importlib.import_module(f"{module}.properties").settings_of
runs = importlib.import_module(f"{module}.running").runs
found = {}


def new_shot():
    made = new_scene()
    assert bpy.ops.preferences.addon_enable(module=module) == {"FINISHED"}  # factory settings
    return made


def shown(scene, result):
    at = versions.strip_frames(result)
    return [result.name, result.channel, at.first, at.last, result.directory]


# Files that the worker reads; saved beside the .blend, whose paths start there.
scene, place = new_shot()
strip = add_images(place, 5)
trim(strip, 8, 13)
scene.sequence_editor.active_strip = strip
bpy.ops.wm.save_as_mainfile(filepath=str(folder / "shot.blend"))
bpy.ops.robust_matte.bake_strip()
first = shown(scene, place["plate matte"])
settings_of(strip).warm_up = 3
bpy.ops.robust_matte.bake_strip(strip="plate")
result = place["plate matte"]
strip.mute = True
render(scene, "operator", 8, 13)
bpy.ops.wm.save_mainfile()
bpy.ops.wm.open_mainfile(filepath=str(folder / "shot.blend"))
scene = bpy.context.scene
place = versions.strips(scene.sequence_editor)
render(scene, "opened", 8, 13)
settings = settings_of(place["plate"])
bakes = Path(bpy.path.abspath(settings.baked_folder)).parent
before = len(list(bakes.iterdir()))
bpy.ops.robust_matte.clear_bakes()
left = [one.name for one in bakes.iterdir()]
found["cleared"] = [before, left == [Path(settings.baked_folder).name]]
found["files"] = {
    "first": first,
    "second": shown(scene, place["plate matte"]),
    "strips": sorted(one.name for one in place),
    "baked": settings.baked_frames,
    "has folder": Path(bpy.path.abspath(settings.baked_folder)).is_dir(),
}

# A copy is keyed for itself.
scene, place = new_shot()
strip = add_images(place, 5)
trim(strip, 8, 9)
bpy.ops.robust_matte.bake_strip(strip="plate")
copied = add_images(place, 30)
copied.name = "copy"
for name in ("uid", "owner"):
    setattr(settings_of(copied), name, getattr(settings_of(strip), name))
trim(copied, 32, 33)
bpy.ops.robust_matte.bake_strip(strip="copy")
copied = add_images(place, 50)
copied.name = "plate.001"
for name in ("uid", "owner"):
    setattr(settings_of(copied), name, getattr(settings_of(strip), name))
strip.name = "renamed"
bpy.ops.robust_matte.bake_strip(strip="renamed")
found["copy"] = sorted(one.name for one in place)

# Rendered first.
scene, place = new_shot()
strip = add_images(place, 5)
strip.color_saturation = 0.5
trim(strip, 6, 8)
bpy.ops.robust_matte.bake_strip(strip="plate")
strip.mute = True
render(scene, "rendered", 6, 8)
baked = Path(settings_of(strip).baked_folder)
found["rendered"] = {
    "result": shown(scene, place["plate matte"]),
    "plates": sorted(one.name for one in (baked / "plate").iterdir()),
    "left": sorted(one.name for one in baked.parent.iterdir() if one != baked),
}

# A movie.
scene, place = new_shot()
strip = add_movie(place, 10)
trim(strip, 13, 18)
bpy.ops.robust_matte.bake_strip(strip="movie")
found["movie"] = shown(scene, place["movie matte"])

# What cannot be keyed.
found["said"] = []
colour = {"length": 5} if bpy.app.version >= (5, 0) else {"frame_end": 6}
place.new_effect("colour", "COLOR", channel=9, frame_start=1, **colour)
for arguments in ({"strip": "colour"}, {"strip": "none"}):
    try:
        bpy.ops.robust_matte.bake_strip(**arguments)
    except RuntimeError as error:
        found["said"].append(str(error))

# The panel draws, and the menu has its entry.
operators = importlib.import_module(f"{module}.strip_operators")
scene.sequence_editor.active_strip = strip
context = SimpleNamespace(
    scene=scene,
    sequencer_scene=scene,
    space_data=SimpleNamespace(type="SEQUENCE_EDITOR"),
    region=SimpleNamespace(width=400),
    preferences=bpy.context.preferences,
)
panel = SimpleNamespace(layout=MagicMock())
operators.ROBUST_MATTE_PT_strip.draw(panel, context)
drawn = [str(call) for call in panel.layout.mock_calls]
found["panel"] = [
    operators.ROBUST_MATTE_PT_strip.poll(context),
    any("robust_matte.bake_strip" in call for call in drawn),
    any("'cuts'" in call for call in drawn),
]
menu = SimpleNamespace(layout=MagicMock())
operators.draw_entry(menu, context)
found["menu"] = [str(call.args[0]) for call in menu.layout.operator.mock_calls]
runs.close()
print("FOUND " + json.dumps(found))
"""


REAL = """
found = {}
for name in ("movie", "rendered", "still"):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    assert bpy.ops.preferences.addon_enable(module=module) == {"FINISHED"}
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 32, 24
    scene.sequencer_colorspace_settings.name = "Linear Rec.709"
    scene.render.fps = 25
    versions.set_exr(scene.render.image_settings)
    place = versions.strips(scene.sequence_editor_create())
    strip = add_movie(place, 10) if name == "movie" else add_images(place, 10)
    if name == "rendered":
        strip.use_reverse_frames = True
    if name == "still":
        place.remove(strip)
        strip = add_images(place, 10, ["plate.1004.exr"])
        trim(strip, 10, 17)
    else:
        trim(strip, 13, 15)
    strip.name = "shot"
    importlib.import_module(f"{module}.properties").settings_of(strip).model = "draft"
    bpy.ops.robust_matte.bake_strip(strip="shot")
    strip.mute = True
    result = place["shot matte"]
    render(scene, name, 13, 15)
    directory = Path(bpy.path.abspath(result.directory))
    at = versions.strip_frames(result)
    index = 0 if name == "still" else 13 - at.content
    found[name] = [str(directory / one.filename) for one in result.elements][index:]
importlib.import_module(f"{module}.running").runs.close()
print("FOUND " + json.dumps(found))
"""


def plate(number: int, seed: int = 0) -> FloatImage:
    """Return a picture that tells its number in a pixel, with light and negative numbers."""
    pixels = np.random.default_rng([seed, number]).normal(0.4, 0.5, (HEIGHT, WIDTH, 4))
    pixels[..., 3] = pixels[..., 3].clip(0.01, 1)
    pixels[:4, :4] = (number, 12.5, -1, 1)
    return pixels.astype(np.float32)


def write(path: Path, pixels: FloatImage) -> None:
    file = oiio.ImageBuf(np.ascontiguousarray(pixels))
    assert file.write(str(path)), file.geterror()


def read(path: Path) -> FloatImage:
    return np.asarray(oiio.ImageBuf(str(path)).get_pixels(oiio.FLOAT), np.float32)


def write_movie(path: Path) -> None:
    """Write a movie whose frames are grey, each brighter than the one before."""
    with av.open(str(path), "w") as movie:
        stream = movie.add_stream("png", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "rgb24"
        for index in range(FRAMES):
            grey = np.full((HEIGHT, WIDTH, 3), 20 * (index + 1), np.uint8)
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        movie.mux(stream.encode(None))


def number_of(pixels: FloatImage, is_movie: bool) -> int | None:
    """Return the number that a rendered frame shows; None for nothing at all."""
    red = float(pixels[0, 0, 0])
    if pixels[0, 0, 3] == 0:
        return None
    if not is_movie:
        return round(red)
    encoded = 1.055 * red ** (1 / 2.4) - 0.055
    return round(float(encoded * 255 / 20))


@pytest.fixture
def run_strips(
    blender: Path, extension: Any, run_in_blender: Callable[..., Any], root: Path, tmp_path: Path
) -> Callable[[str], Any]:
    """Run a script after `SETUP`, with a sequence, a movie and a baked sequence."""
    for number in range(FIRST, FIRST + FRAMES):
        write(tmp_path / f"plate.{number}.exr", plate(number))
        write(tmp_path / f"matte.{number}.exr", plate(number, seed=1))
    write(tmp_path / "still_v002.exr", plate(1))
    write_movie(tmp_path / "movie.mov")

    (tmp_path / "frames").mkdir()
    for number in range(1, 31):
        write(tmp_path / "frames" / f"{number:04d}.exr", plate(number, seed=2))
    stub = Path(__file__).with_name("stub_worker.py")
    environment = {
        "ROBUST_MATTE_WORKER": f'"{sys.executable}" "{stub}"',
        "ROBUST_MATTE_STUB_FRAMES": str(tmp_path / "frames"),
        "ROBUST_MATTE_STUB_PACE": "0",
        "ROBUST_MATTE_STUB_MOVIE": str(FRAMES),
    }

    engine = tmp_path / "worker.py"
    engine.write_text(
        f"import sys\nsys.path[:0] = {[str(root / 'plugin'), str(root / 'rvm')]!r}\n"
        "from robust_matte.__main__ import main\nsys.exit(main())\n",
        "utf-8",
    )

    def run(script: str) -> Any:
        arguments = (extension.module, root / "tests" / "hosts", tmp_path)
        if script == REAL:
            environment["ROBUST_MATTE_WORKER"] = f'"{sys.executable}" "{engine}"'
        ran = run_in_blender(
            blender, SETUP + script, *arguments, extension=extension, environment=environment
        )
        return ran.found()

    return run


def test_each_scene_frame_has_the_plate_frame_that_the_sequencer_shows(
    run_strips: Callable[[str], Any], tmp_path: Path
) -> None:
    found = run_strips(MAPPING)

    for name, case in found.items():
        is_movie = name.startswith("movie")
        assert case["kind"] == "strip", (name, case["warnings"])
        assert case["changed"] == [], name
        assert case["warnings"] == [], name
        for frame, told in case["told"].items():
            shown = number_of(read(tmp_path / name / f"frame_{int(frame):04d}.exr"), is_movie)
            last = case["range"][1]
            held = told is None and shown in (case["range"][0], last)  # before the media's start
            assert shown == told or held, f"{name}, scene frame {frame}"
    assert found["handles"]["range"] == [1004, 1009]
    assert found["offset"]["range"] == [1004, 1010]
    assert found["movie both"]["range"][0] == 5
    assert found["still"]["range"] == [1004, 1004]
    assert found["version"]["range"] == [1, 1], "a version is no frame number"
    assert found["sequence"]["plate"] == str(tmp_path / "plate.####.exr")
    assert found["sequence"]["space"] == "lin_rec709_scene"
    assert found["movie"]["space"] == "srgb_rec709_scene"


def test_a_result_shows_the_files_under_the_frames_of_its_strip(
    run_strips: Callable[[str], Any], tmp_path: Path
) -> None:
    found = run_strips(RESULTS)

    assert found.pop("failed") == ["plate matte", 2, 2]
    no_space = (
        'Blender\'s colour config has no scene-linear Rec.709, so the colour of "plate matte"'
    )
    without = ["Blender's colour config has no scene-linear Rec.709, which rendered plates are in."]
    config = found.pop("config")
    assert config[:4] == [[], [], "ACEScg", [f"{no_space} is off."]]
    assert config[4:] == without
    for name, case in found.items():
        assert case["name"] == "shot matte"
        assert case["channel"] == 3, "the next free one"
        assert case["strips"] == 3, "the result of the bake before went"
        assert case["looks"] == ["PREMUL", "ALPHA_OVER", SPACE]
        wanted = case["of strip"] if name != "part" else [7, 10]
        assert case["shown"] == wanted, name
        for frame, media in case["media"].items():
            shown = read(tmp_path / name / f"frame_{int(frame):04d}.exr")
            number = media or (FIRST if name == "held" else None)
            assert number is not None
            assert np.array_equal(shown, plate(number, seed=1)), f"{name}, scene frame {frame}"
    placed = read(tmp_path / "placed" / "frame_0007.exr")
    assert np.array_equal(placed, read(tmp_path / "placed_wanted" / "frame_0007.exr"))
    assert not np.array_equal(placed, plate(FIRST + 2, seed=1))


def test_what_the_sequencer_changes_is_rendered_as_it_is_seen(
    run_strips: Callable[[str], Any], tmp_path: Path
) -> None:
    found = run_strips(TIMELINE)

    assert len(found["bakes"]) >= 5
    for name, case in found["bakes"].items():
        first, last = case["range"]
        assert case["kind"] == "timeline", name
        assert case["numbers"] == list(range(first, last + 1))
        assert case["changed"] == [], name
        assert "is rendered before it is keyed" in case["warnings"][0]
        seen = []
        for frame in case["numbers"]:
            baked = read(tmp_path / name / f"plate_{frame:04d}.exr")
            seen.append(number_of(baked, is_movie=False))
            wanted = read(tmp_path / f"{name}_wanted" / f"frame_{frame:04d}.exr")
            if name == "sped_up":  # 5.2 shows the third frame once more, rendered in one go
                wanted = plate(seen[-1] or 0)
            assert np.array_equal(baked, wanted), f"{name}, frame {frame}"
        if name == "gaps":
            assert seen == [1001, 1003, 1009]
        if name == "sped_up":
            assert seen[:4] == [1001, 1003, 1005, 1007]
        if name == "backwards":
            assert seen == [1011, 1010, 1009]
    early = "Blender renders no frames before 0, and the range begins at -2."
    assert found["said"]["early"] == early
    for frame in found["said"]["from 0"]:
        assert number_of(read(tmp_path / "early" / f"plate_{frame:04d}.exr"), False) == 1003 + frame
    assert found["said"]["from 0"] == [0, 1]
    assert found["said"]["colour"] == (
        'The strip "colour" is a color strip, and has no plate of its own.'
    )
    assert "nowhere.1001.exr of the strip" in found["said"]["plate"]


def test_the_operator_keys_a_strip_and_puts_the_result_above(
    run_strips: Callable[[str], Any], tmp_path: Path
) -> None:
    found = run_strips(OPERATOR)

    files = found["files"]
    assert files["first"][:4] == files["second"][:4] == ["plate matte", 2, 8, 13]
    assert files["first"][4] != files["second"][4], "other settings, another folder"
    assert files["second"][4].startswith("//robust_matte")
    assert files["strips"] == ["plate", "plate matte"]
    assert files["baked"] == "1004-1009"
    assert files["has folder"]
    for index in range(6):
        for folder in ("operator", "opened"):
            shown = read(tmp_path / folder / f"frame_{8 + index:04d}.exr")
            assert np.array_equal(shown, plate(index + 1, seed=2)), f"{folder} {8 + index}"
    assert found["cleared"] == [2, True], "the bake that is not shown goes"
    assert found["copy"] == ["copy", "copy matte", "plate matte", "plate.001", "renamed"]
    assert found["rendered"]["result"][:4] == ["plate matte", 2, 6, 8]
    assert found["rendered"]["plates"] == [f"plate_{frame:04d}.exr" for frame in (6, 7, 8)]
    assert found["rendered"]["left"] == [], "what was rendered has its place in the bake"
    for frame in (6, 7, 8):
        shown = read(tmp_path / "rendered" / f"frame_{frame:04d}.exr")
        assert np.array_equal(shown, plate(frame, seed=2))
    assert found["movie"][:4] == ["movie matte", 2, 13, 18]
    colour, nothing = found["said"]
    assert 'The strip "colour" is a color strip' in colour
    assert 'has no strip "none"' in nothing
    assert found["panel"] == [True, True, True]
    assert found["menu"] == ["robust_matte.bake_strip"]


@pytest.mark.full
def test_the_sequencer_shows_what_the_real_worker_wrote(
    run_strips: Callable[[str], Any], tmp_path: Path
) -> None:
    found = run_strips(REAL)

    for name, files in found.items():
        for index, frame in enumerate((13, 14, 15)):
            written = read(Path(files[0 if name == "still" else index]))
            shown = read(tmp_path / name / f"frame_{frame:04d}.exr")
            seen = written[..., 3] > 0  # 4.2 drops colour where alpha is 0
            assert seen.any()
            assert np.array_equal(shown[seen], written[seen]), f"{name} {frame}"
            assert np.array_equal(shown[..., 3], written[..., 3])
