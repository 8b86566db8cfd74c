"""Stills that are damaged, or are not what their names say."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest


def empty(show: Any) -> Any:
    show.frames()
    (show.plate / "shot.1002.exr").write_bytes(b"")
    return show.plate


def torn_header(show: Any) -> Any:
    cut(show.frame(), 60)
    return show.plate


def torn_pixels(show: Any) -> Any:
    pattern = show.frames()
    path = show.plate / "shot.1003.exr"
    cut(path, path.stat().st_size - 200)
    return pattern


def torn_still(show: Any) -> Any:
    path = show.frame(pixels=noise())
    cut(path, path.stat().st_size - 200)
    return path


def flipped(show: Any) -> Any:
    pattern = show.frames()
    path = show.frame(1002, noise())
    content = bytearray(path.read_bytes())
    middle = len(content) - 600
    content[middle : middle + 300] = bytes(byte ^ 0xFF for byte in content[middle : middle + 300])
    path.write_bytes(content)
    return pattern


def deep(show: Any) -> Any:
    path = show.plate / "shot.1001.exr"
    spec = oiio.ImageSpec(4, 4, 4, "float")
    spec.channelnames = ("R", "G", "B", "Z")
    spec.deep = True
    image = oiio.ImageOutput.create(str(path))
    assert image is not None
    data = oiio.DeepData()
    data.init(16, 4, [oiio.TypeDesc("float")] * 4, spec.channelnames)
    for pixel in range(16):
        data.set_samples(pixel, 2)
    assert image.open(str(path), spec), image.geterror()
    assert image.write_deep_image(data), image.geterror()
    image.close()
    return path


def alpha_alone(show: Any) -> Any:
    return show.frame(pixels=noise()[..., :1], channelnames=("A",))


def layers_alone(show: Any) -> Any:
    names = [f"{layer}.{channel}" for layer in ("diffuse", "beauty") for channel in "RGB"]
    return show.frame(pixels=np.zeros((16, 24, 6), np.float32), channelnames=names)


def no_such_layer(show: Any) -> Any:
    return [layers_alone(show), "--layer", "specular"]


def no_such_view(show: Any) -> Any:
    return [stereo(show), "--view", "centre"]


def views_in_one_file(show: Any) -> Any:
    return [stereo(show), "--view", "all", "-o", "matte.####.exr"]


def views_in_one_review(show: Any) -> Any:
    return [stereo(show), "--view", "all", "--review", "review.mp4"]


def view_of_a_mono_plate(show: Any) -> Any:
    return [show.frames(), "-o", "matte.%V.####.exr"]


def views_of_files(show: Any) -> Any:
    for view in ("left", "right"):
        show.frames([1001, 1002], name=f"shot.{view}")
    return show.plate / "shot.%V.####.exr"


def other_view_of_files(show: Any) -> Any:
    return [views_of_files(show), "--view", "centre"]


def no_view_of_files(show: Any) -> Any:
    show.frames()
    return show.plate / "take.%V.####.exr"


def layer_of_a_png(show: Any) -> Any:
    return [show.frame(pixels=noise(), ending="png", kind="uint16"), "--layer", "beauty"]


def many_channels(show: Any) -> Any:
    names = ("R", "G", "B", *(f"aov{index:04d}.Y" for index in range(1200)))
    return show.frame(pixels=np.zeros((16, 24, len(names)), np.float32), channelnames=names)


def text(show: Any) -> Any:
    (show.plate / "shot.1001.exr").write_text("Rendered by nobody.\n" * 20)
    return show.plate


def text_as_png(show: Any) -> Any:
    path = show.plate / "still.png"
    path.write_text("Rendered by nobody.\n" * 20)
    return path


def jpeg_as_exr(show: Any) -> Any:
    jpeg = show.frame(pixels=noise(), ending="jpg", kind="uint8")
    return jpeg.rename(jpeg.with_suffix(".exr"))


def no_image(show: Any) -> Any:
    path = show.root / "README.md"
    path.write_text("# The interview, day 2")
    return path


def empty_png(show: Any) -> Any:
    path = show.plate / "still.png"
    path.write_bytes(b"")
    return path


def torn_png(show: Any) -> Any:
    path = show.frame(pixels=noise(), ending="png", kind="uint16")
    cut(path, path.stat().st_size // 2)
    return path


def torn_jpeg(show: Any) -> Any:
    path = show.frame(pixels=noise(), ending="jpg", kind="uint8")
    cut(path, path.stat().st_size // 2)
    return path


def torn_tiff(show: Any) -> Any:
    path = show.frame(pixels=noise(), ending="tif", kind="uint16")
    cut(path, path.stat().st_size // 2)
    return path


def torn_dpx(show: Any) -> Any:
    path = show.frame(pixels=noise(), ending="dpx", kind="uint16")
    cut(path, path.stat().st_size // 2)
    return path


def vast_window(show: Any) -> Any:
    path = show.frame()
    content = path.read_bytes()
    for name in (b"dataWindow", b"displayWindow"):
        at = content.index(name + b"\0box2i\0") + len(name) + 7 + 4
        content = content[:at] + struct.pack("<4i", 0, 0, 2999999, 15) + content[at + 16 :]
    path.write_bytes(content)
    return path


def folder_as_frame(show: Any) -> Any:
    pattern = show.frames([1001, 1003])
    (show.plate / "shot.1002.exr").mkdir()
    return pattern


def link_loop(show: Any) -> Any:
    pattern = show.frames([1001, 1003])
    (show.plate / "shot.1002.exr").symlink_to("shot.1002.exr")
    return pattern


def link_nowhere(show: Any) -> Any:
    pattern = show.frames([1001, 1003])
    (show.plate / "shot.1002.exr").symlink_to("/nowhere/shot.1002.exr")
    return pattern


def other_size(show: Any) -> Any:
    pattern = show.frames([1001, 1003])
    show.frame(1002, noise(8, 8))
    return pattern


def other_origin(show: Any) -> Any:
    pattern = show.frames([1001, 1003])
    show.frame(1002, full_x=4)
    return pattern


ROWS = [
    pytest.param(empty, id="an EXR of 0 bytes"),
    pytest.param(torn_header, id="an EXR cut off in its header, after 60 bytes"),
    pytest.param(torn_pixels, id="an EXR cut off in its pixels"),
    pytest.param(torn_still, id="a single EXR cut off in its pixels"),
    pytest.param(flipped, id="an EXR with flipped bits in its pixels"),
    pytest.param(deep, id="a deep EXR"),
    pytest.param(alpha_alone, id="an EXR with alpha alone"),
    pytest.param(layers_alone, id="an EXR with colour under two layers' names alone"),
    pytest.param(no_such_layer, id="a layer that the EXR has not"),
    pytest.param(no_such_view, id="a view that the EXR has not"),
    pytest.param(views_in_one_file, id="all views to one file name"),
    pytest.param(views_in_one_review, id="all views to one review"),
    pytest.param(view_of_a_mono_plate, id="a place for the view, and no views"),
    pytest.param(views_of_files, id="files of two views, and none chosen"),
    pytest.param(other_view_of_files, id="a view that there are no files of"),
    pytest.param(no_view_of_files, id="a place for the view in a plate that is not there"),
    pytest.param(layer_of_a_png, id="a layer of a PNG"),
    pytest.param(many_channels, id="an EXR with 1203 channels"),
    pytest.param(text, id="a text file named .exr"),
    pytest.param(jpeg_as_exr, id="a JPEG named .exr"),
    pytest.param(vast_window, id="an EXR that claims 3 million pixels a side"),
    pytest.param(text_as_png, id="a text file named .png"),
    pytest.param(no_image, id="a file that is no image"),
    pytest.param(empty_png, id="a PNG of 0 bytes"),
    pytest.param(torn_png, id="a PNG cut off"),
    pytest.param(torn_jpeg, id="a JPEG cut off"),
    pytest.param(torn_tiff, id="a TIFF cut off"),
    pytest.param(torn_dpx, id="a DPX cut off"),
    pytest.param(folder_as_frame, id="a folder named like a frame"),
    pytest.param(link_loop, id="a frame that is a link to itself"),
    pytest.param(link_nowhere, id="a frame that is a link to nothing"),
    pytest.param(other_size, id="a frame of another size"),
    pytest.param(other_origin, id="a frame whose display window starts elsewhere"),
]


@pytest.mark.parametrize("prepare", ROWS)
def test_row(prepare: Any, show: Any, key_here: Any, check: Any) -> None:
    words = prepare(show)
    check(key_here(*(words if isinstance(words, list) else [words])))


def stereo(show: Any) -> Any:
    path = show.plate / "shot.1001.exr"
    plane = np.zeros((16, 24), np.float16)
    header = {"type": OpenEXR.scanlineimage, "multiView": ["left", "right"]}
    names = (f"{view}{channel}" for view in ("", "right.") for channel in "RGB")
    OpenEXR.File(header, dict.fromkeys(names, plane)).write(str(path))
    return path


def noise(height: int = 16, width: int = 24) -> Any:
    return np.random.default_rng(1).random((height, width, 3), np.float32)


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
