"""The network: parity with the original, official names, and the split of the forward."""

import hashlib
import importlib.util
import inspect
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

import robust_matte_rvm
from robust_matte_rvm import (
    VARIANTS,
    LowResMatte,
    MattingNetwork,
    NetworkError,
    RecurrentState,
    RefinerKind,
    SegmentationMissingError,
    StateError,
    Variant,
    load_network,
    low_res_view,
)

_DATA = Path(__file__).parents[1] / "data"
_TOLERANCE = 1e-7


@pytest.fixture(scope="module")
def filler() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fill", _DATA / "fill.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _filled(filler: ModuleType, variant: Variant, refiner: RefinerKind) -> MattingNetwork:
    network = MattingNetwork(variant, refiner).double().eval()
    with torch.no_grad():
        for name, entry in network.state_dict().items():
            if entry.is_floating_point():
                entry.copy_(torch.from_numpy(filler.fill(name, tuple(entry.shape))))
    return network


@torch.inference_mode()
def _run_case(filler: ModuleType, case: dict[str, Any]) -> dict[str, NDArray[np.float64]]:
    """Return what the original's script wrote for a case, from our network."""
    network = _filled(filler, case["variant"], case["refiner"])
    size = (case["frames"], case["height"], case["width"])
    src = torch.from_numpy(filler.frames(case["seed"], *size)).double()[None]
    state: list[Tensor | None] = [None] * 4
    planes = []
    for first in range(0, case["frames"], case["chunk"]):
        chunk = src[:, first : first + case["chunk"]]
        out = network(chunk, *state, case["downsample_ratio"], case["segmentation_pass"])
        planes.append(out[:-4])
        state = out[-4:]
    names = ["seg"] if case["segmentation_pass"] else ["fgr", "pha"]
    result = {name: torch.cat([p[i][0] for p in planes]) for i, name in enumerate(names)}
    result |= {f"rec{i}": tensor for i, tensor in enumerate(state, 1) if tensor is not None}
    return {name: tensor.numpy() for name, tensor in result.items()}


@pytest.mark.parametrize("number", range(1, 7))
def test_outputs_equal_those_of_the_original(filler: ModuleType, number: int) -> None:
    with np.load(_DATA / f"parity_{number}.npz") as stored:
        wanted = {name: stored[name] for name in stored.files if name != "case"}
        case = json.loads(str(stored["case"]))
    got = _run_case(filler, case)
    assert got.keys() == wanted.keys()
    assert len(wanted) in (5, 6)
    for name, array in wanted.items():
        assert got[name].shape == array.shape, name
        assert np.abs(got[name] - array).max() <= _TOLERANCE, name


# Mean and deviation of what our own network made of the fill when these weights were shipped:
# there is no original, and weights that are out in the world must go on meaning the same.
_DRAFT = {
    "fgr": (0.6079427048556456, 0.3843620599728547),
    "pha": (0.539718374322763, 0.27690985472033913),
    "rec1": (0.09503665585213344, 0.3097445711903718),
    "rec2": (-0.16213208192336245, 0.5817965144849261),
    "rec3": (-0.07110471034203192, 0.6097089289354012),
    "rec4": (0.056527741343651475, 0.603856688641197),
}


def test_outputs_of_draft_stay_what_they_were(filler: ModuleType) -> None:
    case: dict[str, Any] = {"variant": "draft", "refiner": "deep_guided_filter", "seed": 9}
    case |= {"frames": 3, "height": 58, "width": 75, "chunk": 2}
    got = _run_case(filler, {**case, "downsample_ratio": 0.5, "segmentation_pass": False})
    assert got.keys() == _DRAFT.keys()
    for name, wanted in _DRAFT.items():
        assert got[name].mean() == pytest.approx(wanted[0], abs=_TOLERANCE), name
        assert got[name].std() == pytest.approx(wanted[1], abs=_TOLERANCE), name


# Counts and hashes of the official checkpoints' "name (shape)" lines, sorted bytewise and joined by
# newlines. Made from the list of names alone, without this network:
#   grep '^VARIANT ' NAMES | cut -d' ' -f2- | LC_ALL=C sort | head -c -1 | sha256sum
# and with `grep -v '^refiner'` before `sort` for the fast guided filter, which has no parameters.
# Those of `draft` are our own, pinned so that its weights stay readable; test_draft.py lists them.
@pytest.mark.parametrize(
    ("variant", "refiner", "count", "sha256"),
    [
        pytest.param(
            "mobilenetv3",
            "deep_guided_filter",
            380,
            "f31e672c3bfca75ae0a9dd006b8de87f23747d726edde8e331eeb9ef1c801884",
            id="mobilenetv3-deep",
        ),
        pytest.param(
            "mobilenetv3",
            "fast_guided_filter",
            365,
            "653a21d7dcd996a70df8b51bdd95ec0cb51a6f9b5a246e53d3259acf91b96c66",
            id="mobilenetv3-fast",
        ),
        pytest.param(
            "resnet50",
            "deep_guided_filter",
            390,
            "0aacce9598471a255a8db605233719038ae05e2f5caca0fb29a0990da4221b80",
            id="resnet50-deep",
        ),
        pytest.param(
            "resnet50",
            "fast_guided_filter",
            375,
            "b1322845b0fd3e02fdd5c34ca3ecabaa9ad20339121a1866c5386a7086cdd5a2",
            id="resnet50-fast",
        ),
        pytest.param(
            "draft",
            "deep_guided_filter",
            270,
            "3df64642831f39b2358cdca0d9d12848e3691a7d477af38859c99aaa5ed08a1d",
            id="draft-deep",
        ),
        pytest.param(
            "draft",
            "fast_guided_filter",
            255,
            "53914c32cefa056ff6df49101eff47ac0fd0341f53549cb35784554a28a7368a",
            id="draft-fast",
        ),
    ],
)
def test_parameter_names_and_shapes_are_those_of_the_weights(
    variant: Variant, refiner: RefinerKind, count: int, sha256: str
) -> None:
    with torch.device("meta"):
        entries = MattingNetwork(variant, refiner).state_dict()
    lines = sorted(f"{name} {tuple(entry.shape)}" for name, entry in entries.items())
    assert len(lines) == count
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == sha256


def test_forward_is_called_as_the_original_is() -> None:
    parameters = inspect.signature(MattingNetwork.forward).parameters
    assert list(parameters)[1:] == [
        *("src", "r1", "r2", "r3", "r4"),
        *("downsample_ratio", "segmentation_pass"),
    ]
    assert [p.default for p in parameters.values()][2:] == [None, None, None, None, 1.0, False]


def _network(refiner: RefinerKind, variant: Variant = "mobilenetv3") -> MattingNetwork:
    torch.manual_seed(7)
    return MattingNetwork(variant, refiner).eval()


def _clip(count: int, height: int, width: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(11)
    return [torch.rand(1, 3, height, width, generator=generator) for _ in range(count)]


@pytest.mark.parametrize(
    ("refiner", "variant"),
    [
        pytest.param("deep_guided_filter", "mobilenetv3", id="mobilenetv3-deep"),
        pytest.param("fast_guided_filter", "mobilenetv3", id="mobilenetv3-fast"),
        pytest.param("deep_guided_filter", "resnet50", id="resnet50-deep"),
        pytest.param("deep_guided_filter", "draft", id="draft-deep"),
        pytest.param("fast_guided_filter", "draft", id="draft-fast"),
    ],
)
@torch.inference_mode()
def test_rolling_the_low_res_pass_gives_the_bits_of_the_whole_network(
    refiner: RefinerKind, variant: Variant
) -> None:
    network, clip = _network(refiner, variant), _clip(5, 90, 126)
    whole: list[list[Tensor]] = []
    state: list[Tensor | None] = [None] * 4
    for src in clip:
        whole.append(network(src, *state, 0.5))
        state = list(whole[-1][2:])

    rolled = RecurrentState.empty()
    for src in clip[:3]:
        _, rolled = network.low_res_pass(low_res_view(src, (45, 63)), rolled)
    for src, wanted in zip(clip[3:], whole[3:], strict=True):
        got = network(src, *rolled.tensors, 0.5)
        assert all(map(torch.equal, got, wanted))
        small = low_res_view(src, (45, 63))
        low, rolled = network.low_res_pass(small, rolled)
        split = [*network.refine(src, small, low), *rolled.tensors]
        assert all(map(torch.equal, split, wanted))

    cold = network(clip[-1], downsample_ratio=0.5)
    assert not torch.equal(cold[0], whole[-1][0])  # else the state would not have been tested


@pytest.mark.parametrize("variant", ["mobilenetv3", "draft"])
@torch.inference_mode()
def test_clips_give_what_their_frames_give_one_by_one(variant: Variant) -> None:
    network, frames = _network("deep_guided_filter", variant).double(), _clip(6, 33, 50)
    clips = torch.stack([torch.cat(frames[:3]), torch.cat(frames[3:])]).double()  # 2 clips of 3
    fgr, pha, *state = network(clips, downsample_ratio=0.5)
    assert fgr.shape == (2, 3, 3, 33, 50)
    assert pha.shape == (2, 3, 1, 33, 50)
    for index, clip in enumerate(clips):
        single: list[Tensor] = []
        for time, src in enumerate(clip):
            single = network(src[None], *single[2:], downsample_ratio=0.5)
            torch.testing.assert_close(single[0][0], fgr[index, time], rtol=0, atol=1e-9)
            torch.testing.assert_close(single[1][0], pha[index, time], rtol=0, atol=1e-9)
        for got, wanted in zip(single[2:], state, strict=True):
            torch.testing.assert_close(got[0], wanted[index], rtol=0, atol=1e-9)


@torch.inference_mode()
def test_views_of_one_size_leave_the_refiner_out() -> None:
    network, src = _network("deep_guided_filter"), _clip(1, 32, 48)[0]
    low, _ = network.low_res_pass(src, RecurrentState.empty())
    fgr, pha = network.refine(src, src, low)
    assert torch.equal(fgr, (low.fgr_residual + src).clamp(0, 1))
    assert torch.equal(pha, low.pha.clamp(0, 1))


@torch.inference_mode()
def test_results_stay_within_zero_and_one_where_the_low_res_matte_does_not() -> None:
    network, src = _network("fast_guided_filter"), _clip(1, 32, 48)[0]
    ramp = torch.linspace(-3, 3, 48).expand(1, 1, 32, 48)
    low = LowResMatte(fgr_residual=ramp.expand(1, 3, 32, 48), pha=ramp, hidden=ramp)
    fgr, pha = network.refine(src, src, low)
    for plane in (fgr, pha):
        assert plane.min() == 0
        assert plane.max() == 1


@torch.inference_mode()
def test_low_res_view_takes_the_bilinear_samples_at_pixel_centres() -> None:
    row = torch.tensor([[[[0.0, 1.0, 4.0, 9.0, 16.0, 25.0]]]]).expand(1, 3, 4, 6)
    # Six columns to four: centres (i + 0.5) * 1.5 - 0.5 = 0.25, 1.75, 3.25, 4.75.
    wanted = torch.tensor([0.25, 3.25, 10.75, 22.75]).expand(1, 3, 2, 4)
    assert torch.equal(low_res_view(row, (2, 4)), wanted)


def test_low_res_view_of_the_right_size_is_the_source_itself() -> None:
    src = torch.zeros(1, 3, 4, 6)
    assert low_res_view(src, (4, 6)) is src


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("height", "width"), [pytest.param(1, 1, id="one-pixel"), pytest.param(37, 51, id="odd")]
)
@torch.inference_mode()
def test_state_shapes_are_those_the_network_returns(
    variant: Variant, height: int, width: int
) -> None:
    network = _network("fast_guided_filter", variant)
    _, state = network.low_res_pass(torch.zeros(2, 3, height, width), RecurrentState.empty())
    assert state.shapes == network.state_shapes(height, width, 2)


@torch.inference_mode()
def test_a_state_of_another_size_names_both() -> None:
    network = _network("fast_guided_filter")
    _, state = network.low_res_pass(torch.zeros(1, 3, 32, 48), RecurrentState.empty())
    with pytest.raises(StateError, match=r"\(1, 16, 16, 24\).*64x32.*\(1, 16, 16, 32\)") as caught:
        network.low_res_pass(torch.zeros(1, 3, 32, 64), state)
    assert "empty state" in caught.value.hint


def test_segmentation_without_its_head_is_an_error_and_not_a_guess() -> None:
    network = MattingNetwork(has_segmentation=False).eval()
    with pytest.raises(SegmentationMissingError, match="no segmentation head"):
        network(torch.zeros(1, 3, 16, 16), segmentation_pass=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({"variant": "resnet18"}, "variant 'resnet18'", id="variant"),
        pytest.param({"refiner": "none"}, "refiner 'none'", id="refiner"),
    ],
)
def test_an_unknown_choice_names_those_there_are(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(NetworkError, match=words) as caught:
        MattingNetwork(**arguments)
    assert caught.value.hint.startswith("Choose ")


def test_all_names_the_whole_public_surface() -> None:
    public = {
        name
        for name, value in vars(robust_matte_rvm).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert sorted(robust_matte_rvm.__all__) == sorted(public)


def _read_png(path: Path) -> Tensor:
    """Return (1, 3, H, W) float32 code values in [0, 1]."""
    image = oiio.ImageInput.open(str(path))
    assert image is not None, oiio.geterror()
    pixels = image.read_image(0, 0, 0, 3, oiio.UINT8)
    assert pixels is not None, image.geterror()
    image.close()
    return torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)[None]


@pytest.mark.media
@torch.inference_mode()
def test_footage_keyed_with_real_weights_equals_the_original(media: Path) -> None:
    # Thread count and memory layout alone move the original's own alpha by up to 6e-4.
    network = load_network(media / "weights/rvm_mobilenetv3_web.safetensors").network
    with np.load(media / "reference/interview_540_web_fgf.npz") as stored:
        kept = {int(n): pha for n, pha in zip(stored["kept"], stored["pha"], strict=True)}
        means = stored["pha_mean"]
    state: list[Tensor] = []
    compared = []
    for frame, mean in zip(range(1001, 1011), means, strict=True):
        src = _read_png(media / f"clips/interview_540/interview.{frame}.png").contiguous()
        _, pha, *state = network(src, *state, downsample_ratio=512 / 960)
        assert abs(float(pha.mean()) - mean) < 5e-5, frame
        if frame in kept:
            difference = np.abs(pha[0, 0, ::2, ::2].numpy() - kept[frame])
            assert difference.mean() < 5e-5, frame
            assert difference.max() < 5e-3, frame
            compared.append(frame)
    assert compared == [1001, 1002, 1006, 1010]
