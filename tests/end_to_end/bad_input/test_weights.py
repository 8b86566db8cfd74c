"""Weights files that are wrong, torn, or want to run a program."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest


class Program:
    """What pickle would run on opening."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


def malicious(show: Any) -> Path:
    path: Path = show.root / "evil.pth"
    path.write_bytes(pickle.dumps(Program(f"touch {show.root / 'ran'}"), protocol=2))
    return path


def malicious_zip(show: Any) -> Path:
    import torch

    path: Path = show.root / "evil.pth"
    torch.save({"weight": Program(f"touch {show.root / 'ran'}")}, path)
    return path


def torn(show: Any) -> Path:
    path: Path = show.root / "torn.safetensors"
    path.write_bytes(show.weights.read_bytes()[:100_000])
    return path


def torn_pth(show: Any) -> Path:
    import torch

    path: Path = show.root / "torn.pth"
    torch.save({"weight": torch.zeros(10_000)}, path)
    path.write_bytes(path.read_bytes()[:20_000])
    return path


def wrong(show: Any) -> Path:
    import torch
    from safetensors.torch import save_file

    path: Path = show.root / "other.safetensors"
    save_file({"layer.weight": torch.zeros(3, 3)}, path)
    return path


def not_finite(show: Any) -> Path:
    from safetensors.torch import load_file, save_file

    path: Path = show.root / "nan.safetensors"
    tensors = load_file(show.weights)
    name = "backbone.features.0.0.weight"
    tensors[name][0] = float("nan")
    save_file(tensors, path)
    return path


def empty(show: Any) -> Path:
    path: Path = show.root / "empty.pth"
    path.write_bytes(b"")
    return path


def web_page(show: Any) -> Path:
    path: Path = show.root / "rvm.pth"
    path.write_text("<!DOCTYPE html><html><body>Not found</body></html>")
    return path


def image(show: Any) -> Path:
    return Path(show.frame())


def folder(show: Any) -> Path:
    return Path(show.plate)


ROWS = [
    pytest.param(malicious, id="weights that are a program, as a bare pickle"),
    pytest.param(malicious_zip, id="weights that are a program, as torch saves it"),
    pytest.param(torn, id="a safetensors file cut off"),
    pytest.param(torn_pth, id="a .pth file cut off"),
    pytest.param(wrong, id="the weights of another network"),
    pytest.param(not_finite, id="weights with NaN in them"),
    pytest.param(empty, id="weights of 0 bytes"),
    pytest.param(web_page, id="a web page saved as weights"),
    pytest.param(image, id="an image given as weights"),
    pytest.param(folder, id="a folder given as weights"),
]


@pytest.mark.parametrize("prepare", ROWS)
def test_row(prepare: Any, show: Any, key_here: Any, check: Any) -> None:
    plate = show.frames()
    check(key_here(plate, "--model", prepare(show)))
    assert not (show.root / "ran").exists()
    assert not show.out.exists()
