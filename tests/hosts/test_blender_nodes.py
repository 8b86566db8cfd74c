"""The node in real Blenders: what comes out to the bit, and which frame lies under which.

One process of each version makes all pictures (scripts/nodes.py); the tests judge them. Files are
written by our own writer, and read back by OpenImageIO.
"""

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio
import pytest

from robust_matte.colour.model_view import ModelView
from robust_matte.jobs.outputs import Outputs
from robust_matte.keying.matte import Matte
from robust_matte.media.frames import FloatImage, FrameHeader
from robust_matte.media.sequences import FramePattern
from robust_matte.media.windows import Window
from robust_matte.settings.choices import Depth, Layers, PlateSpace

WIDTH, HEIGHT = 64, 48
FRAMES = 12  # of the movie
ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("scripts") / "nodes.py"
Run = Callable[..., Any]


# --- media


def save(path: Path, pixels: FloatImage) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = oiio.ImageBuf(np.ascontiguousarray(pixels))
    assert image.write(str(path), "uint8" if path.suffix == ".png" else "float"), image.geterror()


def read(path: Path) -> FloatImage:
    image = oiio.ImageBuf(str(path))
    assert image.initialized, image.geterror()
    return np.asarray(image.get_pixels(oiio.FLOAT))


def random_matte(rng: np.random.Generator) -> Matte:
    """Layers with light past white, below black and where there is no alpha."""
    alpha = rng.random((HEIGHT, WIDTH)).astype(np.float32)
    alpha[0], alpha[1], alpha[2] = 0.0, 1.0, 1e-7
    foreground = (rng.random((HEIGHT, WIDTH, 3)) * 13 - 1).astype(np.float32)
    rgb = foreground * alpha[..., None]
    rgb[0] = 0.75  # light without alpha
    return Matte(
        rgb=rgb,
        alpha=alpha,
        foreground=foreground,
        network_alpha=alpha,
        window=Window(0, 0, WIDTH, HEIGHT),
    )


def plain_matte(number: float) -> Matte:
    """A picture that says its number and a half in red."""
    alpha = np.full((HEIGHT, WIDTH), 0.25, np.float32)
    rgb = np.full((HEIGHT, WIDTH, 3), number + 0.5, np.float32)
    return Matte(
        rgb=rgb,
        alpha=alpha,
        foreground=rgb * 4,
        network_alpha=alpha,
        window=Window(0, 0, WIDTH, HEIGHT),
    )


def write_bake(folder: Path, number: int, matte: Matte) -> None:
    folder.mkdir(exist_ok=True)
    pattern = FramePattern(folder, "m.", 4, ".exr")
    outputs = Outputs.named(
        str(folder / "m.####.exr"), pattern, layers=Layers.MULTIPART, depth=Depth.FLOAT
    )
    header = FrameHeader(data_window=matte.window, display_window=matte.window)
    outputs.write(number, matte, header, {}, ModelView(PlateSpace.LINEAR_REC709))


def write_movie(path: Path) -> None:
    """Write a movie whose frames say their number in eight black or white bars."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = 4_000_000
        for number in range(1, FRAMES + 1):
            bars = np.array([255 * (number >> bit & 1) for bit in range(8)], np.uint8)
            row = np.repeat(bars, WIDTH // 8)
            picture = np.broadcast_to(row[None, :, None], (HEIGHT, WIDTH, 3))
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def number_of(path: Path) -> float:
    """Read a frame's number out of its pixels: 0 where nothing is to be seen."""
    pixels = read(path)
    red = pixels[pixels.shape[0] // 2, :, 0]
    if red[WIDTH // 2] > 1.25:
        return float(red[WIDTH // 2])
    return float(sum((red[bit * 8 + 4] > 0.3) << bit for bit in range(8)))


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of plates and bakes."""
    folder = tmp_path_factory.mktemp("plates")
    rng = np.random.default_rng(3)
    for number in (1001, 1002):
        plate = (rng.random((HEIGHT, WIDTH, 4)) * 9 - 1).astype(np.float32)
        plate[..., 3] = rng.random((HEIGHT, WIDTH))
        save(folder / "pixels" / f"p.{number}.exr", plate)
        write_bake(folder / "bake", number, random_matte(rng))
        save(folder / "flat" / f"m.{number}.exr", plate)
    for number in range(1001, 1009):
        plain = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        plain[..., 0] = number
        save(folder / "numbers" / f"p.{number}.exr", plain)
        if number not in (1003, 1004):
            save(folder / "gaps" / f"p.{number}.exr", plain)
    for number in (*range(1, FRAMES + 1), *range(1001, 1009)):
        write_bake(folder / "numbered", number, plain_matte(number))
    write_movie(folder / "movie.mov")
    save(folder / "still_v002.png", np.full((HEIGHT, WIDTH, 3), 0.5, np.float32))
    return folder


@dataclass(frozen=True)
class Rendered:
    """What a Blender made of all cases: what it told, and its pictures."""

    python: Path
    told: Mapping[str, Any]
    folder: Path
    plates: Path

    def __getitem__(self, case: str) -> Any:
        return self.told[case]

    def picture(self, name: str, socket: str, frame: int) -> FloatImage:
        return read(self.folder / name / f"{socket}_{frame:04d}.exr")

    def numbers(self, name: str) -> dict[int, float]:
        """The number in each frame of the scene, of what has a file at all."""
        files = sorted((self.folder / name).glob("Image_*.exr"))
        return {int(file.stem.rpartition("_")[2]): number_of(file) for file in files}


MADE: dict[Path, Rendered | None] = {}  # None where the script failed


@pytest.fixture
def rendered(
    blender: Path,
    extension: Any,
    run_in_blender: Run,
    plates: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Rendered:
    """All cases of one version; made once."""
    if blender not in MADE:
        MADE[blender] = None
        folder, media = tmp_path_factory.mktemp("rendered"), tmp_path_factory.mktemp("m") / "plates"
        shutil.copytree(plates, media)
        ran = run_in_blender(blender, SCRIPT, media, folder, extension=extension, timeout=120)
        MADE[blender] = Rendered(blender, ran.found(), folder, media)
    made = MADE[blender]
    if made is None:
        pytest.fail("the script failed: the first test of this version says how")
    return made


# --- what comes out, to the bit


def test_before_a_bake_all_passes_through(rendered: Rendered) -> None:
    plate = read(rendered.plates / "pixels" / "p.1001.exr")
    assert rendered["pixels"]["passes"] is True
    for name in ("pixels_before", "pixels_after"):
        np.testing.assert_array_equal(rendered.picture(name, "Image", 1), plate)
        np.testing.assert_array_equal(rendered.picture(name, "Foreground", 1), plate)
        np.testing.assert_array_equal(rendered.picture(name, "Alpha", 1)[..., 0], plate[..., 3])


@pytest.mark.parametrize("frame", [1, 2])
@pytest.mark.parametrize("name", ["pixels_predicted", "pixels_original"])
def test_sockets_give_the_files_to_the_bit(rendered: Rendered, name: str, frame: int) -> None:
    wanted = layers(rendered.plates / "bake" / f"m.{1000 + frame}.exr")
    alpha, rgb = wanted["alpha"][..., 0], wanted["foreground"][..., :3]
    np.testing.assert_array_equal(rendered.picture(name, "Alpha", frame)[..., 0], alpha)
    np.testing.assert_array_equal(rendered.picture(name, "Foreground", frame)[..., :3], rgb)
    image = rendered.picture(name, "Image", frame)
    if name == "pixels_predicted":
        np.testing.assert_array_equal(image, wanted["rgba"])
    else:  # whatever alpha the plate has
        plate = read(rendered.plates / "pixels" / f"p.{1000 + frame}.exr")
        np.testing.assert_array_equal(image[..., :3], plate[..., :3] * alpha[..., None])
        np.testing.assert_array_equal(image[..., 3], alpha)


def layers(path: Path) -> dict[str, FloatImage]:
    """The parts of a file of the shape `multipart`, by name."""
    parts = [oiio.ImageBuf(str(path), part, 0) for part in range(3)]
    return {
        one.spec().getattribute("name"): np.asarray(one.get_pixels(oiio.FLOAT)) for one in parts
    }


def test_files_are_read_as_what_they_are(rendered: Rendered) -> None:
    assert rendered["pixels"]["image"] == ["PREMUL", "Linear Rec.709"]
    assert rendered["pixels"]["warnings"] == []
    pattern = str(rendered.plates / "bake" / "m.####.exr")
    mapping = "FrameMapping(start=1, offset=1000, duration=2, after='hold')"
    told = f"Baked(pattern={pattern!r}, first=1001, last=1002, frames={mapping})"
    assert rendered["pixels"]["baked"] == told


def test_an_unwired_group_leaves_no_picture(rendered: Rendered) -> None:
    left = set(rendered["pixels"]["images left"]) - {"Render Result", "Viewer Node"}
    assert left == {"p.1001.exr"}


def test_colour_is_right_where_blender_works_in_other_primaries(rendered: Rendered) -> None:
    if rendered["version"] < "5":
        pytest.skip("Blender 4 works in Rec.709 alone")
    assert rendered["working_space"] == "ACEScg"  # of a plate that Blender takes as it is
    wanted = layers(rendered.plates / "bake" / "m.1001.exr")
    image = rendered.picture("working", "Image", 1)
    np.testing.assert_allclose(image, wanted["rgba"], rtol=1e-5, atol=2e-5)
    np.testing.assert_array_equal(image[..., 3], wanted["rgba"][..., 3])
    alpha = rendered.picture("working", "Alpha", 1)[..., 0]
    # Written as grey, and so turned to Rec.709 as well.
    np.testing.assert_allclose(alpha, wanted["alpha"][..., 0], rtol=0, atol=1e-6)


# --- saved, moved, and opened without the extension


# What writes the pictures is made anew: 4.5 loses File Output nodes of 5.
OPEN = """
import runpy, sys
from pathlib import Path
import bpy

blend, folder, module = map(Path, sys.argv[1:])
versions = runpy.run_path(str(module))
assert not hasattr(bpy.types.NodeTree, "robust_matte")
bpy.ops.wm.open_mainfile(filepath=str(blend))
scene = bpy.context.scene
scene.render.engine = "CYCLES"  # EEVEE of 5 has another name in 4
tree = versions["compositor_tree"](scene)
for socket in tree.nodes["Robust Matte"].outputs:
    _, into = versions["add_file_output"](tree, folder, socket.name + "_")
    tree.links.new(socket, into)
bpy.ops.render.render(animation=True)
"""
SOCKETS = ("Image", "Alpha", "Foreground")


def check_without_extension(rendered: Rendered, opener: Path, run: Run, folder: Path) -> None:
    """Render a copy of the .blend and its files elsewhere, without us, and compare to the bit."""
    moved = folder / "elsewhere"
    for name in ("pixels", "bake"):
        shutil.copytree(rendered.plates / name, moved / name)
    shutil.copy(rendered.plates / "shot.blend", moved)
    here = rendered.plates.rename(rendered.plates.with_name("gone"))
    try:
        module = ROOT / "nodes" / "blender" / "versions.py"
        run(opener, OPEN, moved / "shot.blend", moved / "rendered", module, timeout=60)
    finally:
        here.rename(rendered.plates)
    wanted = layers(moved / "bake" / "m.1001.exr")
    made = {name: read(moved / "rendered" / f"{name}_0001.exr") for name in SOCKETS}
    np.testing.assert_array_equal(made["Image"], wanted["rgba"])
    np.testing.assert_array_equal(made["Alpha"][..., 0], wanted["alpha"][..., 0])
    rgb = wanted["foreground"][..., :3]
    np.testing.assert_array_equal(made["Foreground"][..., :3], rgb)
    # Frame 2 is not baked: there the plate passes through.
    plate = read(moved / "pixels" / "p.1002.exr")
    np.testing.assert_array_equal(read(moved / "rendered" / "Image_0002.exr"), plate)


def test_saved_file_renders_elsewhere_without_the_extension(
    rendered: Rendered, run_in_blender: Run, tmp_path: Path
) -> None:
    check_without_extension(rendered, rendered.python, run_in_blender, tmp_path)


@pytest.mark.parametrize(
    "opener", ["5.2", *(pytest.param(one, marks=pytest.mark.full) for one in ("4.2", "4.5", "5.0"))]
)
def test_saved_file_renders_in_another_version(
    rendered: Rendered,
    opener: str,
    blenders: Mapping[str, Path],
    run_in_blender: Run,
    tmp_path: Path,
) -> None:
    saver = rendered["version"]
    if saver.startswith(opener):
        pytest.skip("the same version: see above")
    if opener == "4.2" and saver.startswith("5"):
        pytest.skip("Blender 4.2 cannot open files of 5")
    if opener not in blenders:
        pytest.skip(f"no Python with bpy {opener}")
    check_without_extension(rendered, blenders[opener], run_in_blender, tmp_path)


def test_paths_start_at_the_blend(rendered: Rendered) -> None:
    wanted = "//bake/m.1001.exr"
    assert rendered["portable"] == {"wired, then saved": wanted, "saved, then wired": wanted}


# --- which frame lies under which: (scene frames under which the bake is seen, and its numbers)


def run_of(first: int, last: int, number: int) -> dict[int, float]:
    return {frame: number + frame - first for frame in range(first, last + 1)}


def held(first: int, number: int) -> dict[int, float]:
    return dict.fromkeys(range(first, 17), float(number))


CYCLE: dict[int, float] = {frame: 1003 + (frame - 3) % 4 for frame in range(17)}
BAKED_UNDER: dict[str, dict[int, float]] = {
    "sequence": run_of(1, 8, 1001) | held(9, 1008),
    "sequence, start 5, offset": run_of(5, 8, 1003) | held(9, 1006),
    "sequence, cyclic": CYCLE,
    "sequence, named by its fifth": run_of(2, 9, 1001) | held(10, 1008),
    "sequence, longer than on disk": run_of(3, 10, 1001),
    "sequence, part baked": run_of(4, 6, 1003),
    "sequence, cyclic, part baked": {k: v for k, v in CYCLE.items() if v in (1004, 1005)},
    "movie": run_of(1, 12, 1) | held(13, 12),
    "movie, trimmed": run_of(4, 8, 7) | held(9, 11),
    "movie, longer than it is": run_of(1, 10, 3) | held(11, 12),
    "clip of a movie": run_of(3, 14, 1),
    "clip of a movie, offset": run_of(0, 10, 2),
    "clip of a sequence": run_of(4, 11, 1001),
    "clip of a sequence, offset, named by its third": run_of(1, 8, 1001),
}


def test_every_row_was_rendered(rendered: Rendered) -> None:
    assert rendered["frames"].keys() == BAKED_UNDER.keys()


@pytest.mark.parametrize("row", BAKED_UNDER)
def test_bake_lies_under_the_frames_of_its_plate(rendered: Rendered, row: str) -> None:
    before = {k: v for k, v in rendered.numbers(f"{row}, before").items() if v}
    after = {k: v for k, v in rendered.numbers(f"{row}, after").items() if v}
    wanted = BAKED_UNDER[row]
    assert {k: v for k, v in before.items() if k in wanted} == wanted  # Blender's own arithmetic
    assert {k: v - 0.5 for k, v in after.items() if v % 1} == wanted
    assert {k: v for k, v in after.items() if not v % 1} == {
        k: v for k, v in before.items() if k not in wanted
    }


# --- where a picture comes from


def seen(
    kind: str, plate: str, first: int, last: int, frames: list[Any], **others: Any
) -> dict[str, Any]:
    told = {"kind": kind, "plate": plate, "range": [first, last], "frames": frames}
    return {**told, "space": "lin_rec709_scene", "fps": 0.0, "warnings": [], **others}


PLAIN = seen("sequence", "numbers/p.####.exr", 1001, 1008, [1, 1000, 8, "hold"])
UPSTREAM = seen("upstream", "", 1, 250, [1, 0, 250, "nothing"])
STILL = [-1048574, 0, 1, "hold"]
FOUND: dict[str, dict[str, Any]] = {
    "sequence": seen("sequence", "numbers/p.####.exr", 1003, 1006, [5, 1002, 4, "hold"]),
    "gaps": seen(
        *("sequence", "gaps/p.####.exr", 1001, 1008, [1, 1000, 9, "hold"]),
        warnings=[
            (
                'The node "Image" shows the frames 1001-1009 of MEDIA/gaps/p.####.exr, and on disk '
                "are 1001-1008: nothing is baked under the others."
            ),
            "MEDIA/gaps/p.####.exr lacks 2 frames, the first is 1003.",
        ],
    ),
    "one frame": seen(
        *("sequence", "numbers/p.####.exr", 1001, 1001, [1, 1000, 1, "hold"]),
        warnings=[
            (
                'The Image node "Image" shows 1 frame of a sequence that goes on for 7: '
                "set its Frames to bake more."
            )
        ],
    ),
    "movie": seen(
        *("movie", "movie.mov", 3, 12, [1, 2, 10, "hold"]), space="srgb_rec709_scene", fps=25.0
    ),
    "clip": seen(
        *("clip", "movie.mov", 1, 12, [3, 0, 12, "nothing"]), space="srgb_rec709_scene", fps=25.0
    ),
    "sequence clip": seen("clip", "numbers/p.####.exr", 1001, 1008, [1, 1000, 8, "nothing"]),
    "still": seen("sequence", "still_v002.png", 1, 1, STILL, space="srgb_rec709_scene"),
    "numbered still": seen(
        "sequence", "numbers/p.1004.exr", 1004, 1004, [-1048574, 1003, 1, "hold"]
    ),
    "alpha": seen(
        *("sequence", "pixels/p.####.exr", 1001, 1002, [1, 1000, 2, "hold"]),
        warnings=["The alpha of MEDIA/pixels/p.####.exr is not heeded: the matte is found anew."],
    ),
    "reroutes": PLAIN,
    "muted blur": PLAIN,
    "group": PLAIN,
    "library": PLAIN,
    "data": PLAIN,
    "ACEScg": {**PLAIN, "space": "ACEScg"},
    "blur": UPSTREAM,
    "layers": UPSTREAM,
    "generated": UPSTREAM,
    "packed": UPSTREAM,
    "render layers": UPSTREAM,
    "alpha socket": UPSTREAM,
    "group used twice": UPSTREAM,
    "camera log": {
        **UPSTREAM,
        "warnings": [
            (
                'The colour space "Filmic Log" of MEDIA/numbers/p.####.exr is Blender\'s own, '
                "so the plate is rendered before it is keyed."
            )
        ],
    },
    "camera log, told": {**PLAIN, "space": "ARRI LogC4"},
    "other rate": seen(
        *("movie", "movie.mov", 1, 8, [1, 0, 8, "hold"]),
        space="srgb_rec709_scene",
        fps=25.0,
        warnings=[
            (
                "MEDIA/movie.mov has 25 frames a second and the scene 23.976: frame by frame, it "
                "plays at the scene's speed."
            )
        ],
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_source_is_found(rendered: Rendered, case: str) -> None:
    assert rendered["sources"][case] == FOUND[case]


@pytest.mark.parametrize(
    ("case", "what"),
    [
        ("nothing", r'Nothing is connected to Image of the node "Robust Matte"\.'),
        ("muted link", r'Nothing is connected to Image of the node "Robust Matte"\.'),
        ("open group", r'Nothing is connected to Plate of the node "Outer"\.'),
        ("no picture", r'The Image node "Image" has no picture\.'),
        (
            "lost sequence",
            r'None of the frames 1001-1008 of .*lost/p\.####\.exr .* "Image" shows\.',
        ),
        ("wrong offset", r"None of the frames 1-8 of .*numbers/p\.####\.exr is there, .*"),
        ("lost movie", r'The movie .*lost/m\.mov of the node "Image" is not there\.'),
        ("movie begins after its end", r'.*movie\.mov has 12 frames, .* "Image" begins after 50\.'),
    ],
)
def test_what_is_not_there_is_named(rendered: Rendered, case: str, what: str) -> None:
    told, hint = rendered["sources"][case]
    assert re.fullmatch(what, told.replace("\\", "/")), told
    assert hint.endswith(".")


def test_looking_leaves_no_clip_behind(rendered: Rendered) -> None:
    assert rendered["sources"]["clips left"] == 0


# --- whose a group, a bake and a picture are


@pytest.mark.parametrize(
    ("case", "wanted"),
    [
        ("alone", [False, False]),
        ("shared", [True, False]),
        ("single", [True, True, "draft", ""]),
        ("single passes", True),
        ("copy", [True, False]),
        ("tree of", True),
        ("tree of renamed", True),
        ("renamed", [True, True]),
        ("opened", "Zoe"),
        ("own copy", True),
        ("pictures", [1, True, 1]),
        ("borrowed", [True, True]),
        ("their node", True),
    ],
)
def test_a_copy_is_told_from_the_first(rendered: Rendered, case: str, wanted: object) -> None:
    assert rendered["copies"][case] == wanted


def test_drivers_do_not_pile_up(rendered: Rendered) -> None:
    assert rendered["copies"]["drivers"] == (3 if rendered["version"] > "5" else 6)


def test_single_user_leaves_the_first_its_bake(rendered: Rendered) -> None:
    is_same, hashed, baked = rendered["copies"]["first keeps"]
    assert (is_same, hashed) == (True, "abc")
    assert "bake" in baked


@pytest.mark.parametrize(
    ("case", "what"),
    [
        ("gap", r'The file .*bake/m\.1003\.exr of "Robust Matte" is not there\.'),
        ("no folder", r'The folder .*no of "Robust Matte" cannot be read: No such file.*'),
        ("layers", r"The file .*flat/m\.1001\.exr has no layer rgba\."),
        ("elsewhere", r'Frames 1001-1002 of the bake are not among 1-8, .* "Robust Matte" shows\.'),
        ("own uid", r'The node group "Robust Matte" belongs to the library .*library\.blend\.'),
        ("wire", r'The node group "Robust Matte" belongs to the library .*library\.blend\.'),
        ("unwire", r'The node group "Robust Matte" belongs to the library .*library\.blend\.'),
    ],
)
def test_what_cannot_be_wired_is_refused(rendered: Rendered, case: str, what: str) -> None:
    told, hint = rendered["refused"][case]
    assert re.fullmatch(what, told.replace("\\", "/")), told
    assert hint.endswith(".")


def test_what_is_refused_changes_nothing(rendered: Rendered) -> None:
    told = rendered["refused"]
    assert (told["as it was"], told["pictures"], told["linked still baked"]) == (True, 1, True)
    assert (told["made local"], told["wired local"]) == ([True, True], [])
