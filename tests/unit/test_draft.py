"""The draft network: its shapes, what it remembers, and a refiner with half the hidden channels."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_matte_rvm import MattingNetwork, RecurrentState, StateError, low_res_view
from robust_matte_rvm.efficientnet_lite import EfficientNetLite0
from robust_matte_rvm.lifting import GUIDES, see_guide
from robust_matte_rvm.refiners import DeepGuidedFilter

_WEIGHTS = 957_809

# Whoever changes a line of these makes every draft weights file unreadable.
_CONVOLUTIONS = """
backbone.stem.0 32 3 3 3
backbone.stages.0.0.conv.0 32 1 3 3
backbone.stages.0.0.conv.3 16 32 1 1
backbone.stages.1.0.conv.0 96 16 1 1
backbone.stages.1.0.conv.3 96 1 3 3
backbone.stages.1.0.conv.6 24 96 1 1
backbone.stages.1.1.conv.0 144 24 1 1
backbone.stages.1.1.conv.3 144 1 3 3
backbone.stages.1.1.conv.6 24 144 1 1
backbone.stages.2.0.conv.0 144 24 1 1
backbone.stages.2.0.conv.3 144 1 5 5
backbone.stages.2.0.conv.6 40 144 1 1
backbone.stages.2.1.conv.0 240 40 1 1
backbone.stages.2.1.conv.3 240 1 5 5
backbone.stages.2.1.conv.6 40 240 1 1
backbone.stages.3.0.conv.0 240 40 1 1
backbone.stages.3.0.conv.3 240 1 3 3
backbone.stages.3.0.conv.6 80 240 1 1
backbone.stages.3.1.conv.0 480 80 1 1
backbone.stages.3.1.conv.3 480 1 3 3
backbone.stages.3.1.conv.6 80 480 1 1
backbone.stages.3.2.conv.0 480 80 1 1
backbone.stages.3.2.conv.3 480 1 3 3
backbone.stages.3.2.conv.6 80 480 1 1
backbone.stages.4.0.conv.0 480 80 1 1
backbone.stages.4.0.conv.3 480 1 5 5
backbone.stages.4.0.conv.6 112 480 1 1
backbone.stages.4.1.conv.0 672 112 1 1
backbone.stages.4.1.conv.3 672 1 5 5
backbone.stages.4.1.conv.6 112 672 1 1
backbone.stages.4.2.conv.0 672 112 1 1
backbone.stages.4.2.conv.3 672 1 5 5
backbone.stages.4.2.conv.6 112 672 1 1
aspp.aspp1.0 96 112 1 1
aspp.aspp2.1 96 112 1 1
decoder.decode4.gru.ih.0 96 96 3 3
decoder.decode4.gru.hh.0 48 96 3 3
decoder.decode3.conv.0 48 139 3 3
decoder.decode3.gru.ih.0 48 48 3 3
decoder.decode3.gru.hh.0 24 48 3 3
decoder.decode2.conv.0 16 75 3 3
decoder.decode2.gru.ih.0 16 16 3 3
decoder.decode2.gru.hh.0 8 16 3 3
decoder.decode1.conv.0 8 35 3 3
decoder.decode1.gru.ih.0 8 8 3 3
decoder.decode1.gru.hh.0 4 8 3 3
decoder.decode0.conv.0 8 11 3 3
decoder.decode0.conv.3 8 8 3 3
project_mat.conv 4 8 1 1
project_seg.conv 1 8 1 1
refiner.box_filter 4 1 3 3
refiner.conv.0 8 16 1 1
refiner.conv.3 8 8 1 1
refiner.conv.6 4 8 1 1
"""


def _network() -> MattingNetwork:
    torch.manual_seed(7)
    network = MattingNetwork("draft").eval()
    nn.init.normal_(network.project_mat.conv.weight)  # else alpha would hardly differ from 0
    nn.init.constant_(network.get_parameter("project_mat.conv.bias"), 0.5)
    return network


def _clip(count: int, height: int = 90, width: int = 126) -> list[Tensor]:
    generator = torch.Generator().manual_seed(11)
    return [torch.rand(1, 3, height, width, generator=generator) for _ in range(count)]


def _key(network: MattingNetwork, clip: list[Tensor]) -> list[Tensor]:
    """Return foreground and alpha of each frame, and the last state."""
    state: list[Tensor] = []
    planes: list[Tensor] = []
    for src in clip:
        fgr, pha, *state = network(src, *state, downsample_ratio=0.5)
        planes += [fgr, pha]
    return [*planes, *state]


def test_its_convolutions_are_those_of_its_weights() -> None:
    with torch.device("meta"):
        network = MattingNetwork("draft")
    found = [
        " ".join([name, *map(str, module.weight.shape)])
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    assert found == _CONVOLUTIONS.split("\n")[1:-1]
    assert sum(parameter.numel() for parameter in network.parameters()) == _WEIGHTS


@pytest.mark.parametrize(
    ("height", "width", "sizes"),
    [
        pytest.param(288, 162, [(144, 81), (72, 41), (36, 21), (18, 11)], id="view"),
        pytest.param(37, 51, [(19, 26), (10, 13), (5, 7), (3, 4)], id="odd"),
        pytest.param(1, 17, [(1, 9), (1, 5), (1, 3), (1, 2)], id="a-line"),
    ],
)
@torch.inference_mode()
def test_features_and_states_of_any_size_are_rounded_up(
    height: int, width: int, sizes: list[tuple[int, int]]
) -> None:
    network, src = _network(), torch.rand(2, 3, height, width)
    features = network.backbone(src)
    assert [tuple(f.shape) for f in features] == [
        (2, count, *size) for count, size in zip((16, 24, 40, 112), sizes, strict=True)
    ]
    low, state = network.low_res_pass(src, RecurrentState.empty())
    assert state.shapes == tuple(
        (2, count, *size) for count, size in zip((4, 8, 24, 48), sizes, strict=True)
    )
    assert low.hidden.shape == (2, 8, height, width)
    assert low.pha.shape == (2, 1, height, width)
    assert state.is_finite()


@torch.inference_mode()
def test_middle_grey_is_what_the_encoder_calls_nothing() -> None:
    encoder = EfficientNetLite0().eval()
    assert not encoder(torch.full((1, 3, 32, 32), 127 / 255))[0].abs().max() > 1e-6
    assert encoder(torch.full((1, 3, 32, 32), 0.7))[0].any()


@torch.inference_mode()
def test_blocks_that_have_learned_nothing_let_their_input_through() -> None:
    encoder = EfficientNetLite0().eval()
    for name, parameter in encoder.named_parameters():
        if name.endswith(("conv.7.weight", "conv.7.bias")):  # the last normalisation of a block
            nn.init.zeros_(parameter)
    inputs = {1: torch.rand(1, 16, 16, 24), 2: torch.rand(1, 24, 16, 24)}
    for stage, x in inputs.items():
        first, *others = encoder.stages[stage].children()
        assert not first(x).any()  # strided: it has no short cut
        for block in others:
            narrow = torch.rand(1, encoder.channels[stage], 8, 12)
            assert torch.equal(block(narrow.clone()), narrow)


@torch.inference_mode()
def test_it_remembers_and_an_empty_state_forgets() -> None:
    network, (first, second) = _network(), _clip(2)
    alone = network(second, downsample_ratio=0.5)
    _, _, *state = network(first, downsample_ratio=0.5)
    after = network(second, *state, downsample_ratio=0.5)
    assert float((after[1] - alone[1]).abs().max()) > 1e-3
    assert all(map(torch.equal, network(second, downsample_ratio=0.5), alone))
    for one, other in zip(after[2:], alone[2:], strict=True):
        assert not torch.equal(one, other)
        assert float(one.abs().max()) <= 1


@torch.inference_mode()
def test_a_state_of_the_wide_network_is_refused() -> None:
    src = _clip(1)[0]
    _, state = MattingNetwork("mobilenetv3").eval().low_res_pass(src, RecurrentState.empty())
    with pytest.raises(StateError, match="empty state"):
        _network().low_res_pass(src, state)


def test_strips_lift_as_whole_planes_do() -> None:
    network, clip = _network().double(), [src.double() for src in _clip(3)]
    whole = _key(network, clip)  # with gradients, so without strips
    with torch.inference_mode():
        strips = _key(network, clip)
    assert whole[0].requires_grad
    for got, wanted in zip(strips, whole, strict=True):
        torch.testing.assert_close(got, wanted.detach(), rtol=0, atol=1e-12)
    assert float(strips[1].std()) > 0.01


@torch.inference_mode()
def test_the_same_frames_give_the_same_bits_and_those_that_doubles_round_to() -> None:
    network, clip = _network(), _clip(3)
    first, again = _key(network, clip), _key(network, clip)
    assert all(map(torch.equal, first, again))
    network, doubles = network.double(), [src.double() for src in clip]
    exact, exactly = _key(network, doubles), _key(network, doubles)
    assert all(map(torch.equal, exact, exactly))
    for got, wanted in zip(first, exact, strict=True):
        torch.testing.assert_close(got.double(), wanted, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_its_refiner_keeps_the_local_mean_of_the_matte() -> None:
    torch.manual_seed(3)
    refiner = DeepGuidedFilter(hidden=8).eval().double()
    view, matte = torch.rand(2, 3, 12, 16).double(), torch.randn(2, 4, 12, 16).double()
    model = refiner(view, matte, torch.randn(2, 8, 12, 16).double())
    assert model.shape == (2, 2 * GUIDES, 12, 16)
    a, b = model.chunk(2, 1)
    assert float(a.std()) > 1e-3

    def mean(planes: Tensor) -> Tensor:  # beyond the border is black
        return functional.avg_pool2d(planes, 3, 1, 1, count_include_pad=True)

    # Whatever `a` the layers say, the line goes through the means; the ninths are in single.
    line = a * mean(see_guide(view)) + b
    torch.testing.assert_close(line, mean(matte), rtol=0, atol=1e-7)


@torch.inference_mode()
def test_hidden_features_steer_its_refiner() -> None:
    network, src = _network(), _clip(1)[0]
    view = low_res_view(src, (45, 63))
    low, _ = network.low_res_pass(view, RecurrentState.empty())
    matte = torch.cat([low.fgr_residual, low.pha], 1)
    said = network.refiner(view, matte, low.hidden)
    assert not torch.equal(said, network.refiner(view, matte, low.hidden.flip(1)))
