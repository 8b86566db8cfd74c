"""The network as keying has it: a state that is stored and taken up again."""

from pathlib import Path

import numpy as np
import pytest

from robust_matte.errors import ModelError
from robust_matte.keying.model import Weights
from robust_matte.keying.network import Network
from robust_matte.media.windows import Size
from robust_matte.settings.choices import Refiner
from robust_matte.weights.known import KNOWN
from robust_matte.weights.places import find_weights

FRAMES, STOP = 5, 2


def _open(weights: Path, threads: int = 1) -> Network:
    return Network(Weights(weights, "0"), refiner=Refiner.AUTO, device="cpu", threads=threads)


@pytest.fixture(scope="module")
def draft() -> Path:
    path = find_weights(KNOWN["draft"])
    assert path is not None
    return path


@pytest.mark.parametrize(
    ("width", "height"),
    [
        pytest.param(96, 54, id="even"),
        pytest.param(47, 31, id="odd"),
        pytest.param(33, 16, id="memories of one row"),
        pytest.param(16, 16, id="a memory of one pixel"),
        pytest.param(3, 2, id="memories of one pixel"),
    ],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_another_network_goes_on_from_a_stored_state_bit_for_bit(
    draft: Path, width: int, height: int, threads: int, rng: np.random.Generator
) -> None:
    size = Size(width, height)
    data = b""
    views = rng.random((FRAMES, height * 2, width * 2 - 1, 3), np.float32)
    first, second = _open(draft, threads), _open(draft, threads)
    second.matte(views[0], second.shrink(views[0], size))  # what it remembered is replaced
    for at, view in enumerate(views):
        if at == STOP:
            data = first.state_bytes({"next": "1003"})
            assert second.load_state(data) == {"next": "1003"}
            assert second.state_bytes({"next": "1003"}) == data
        low = first.shrink(view, size)
        whole = first.matte(view, low)
        if at >= STOP:
            assert first.state_bytes({}) != data
            for wanted, got in zip(whole, second.matte(view, low), strict=True):
                np.testing.assert_array_equal(wanted.view(np.uint32), got.view(np.uint32))
    assert first.state_bytes({}) == second.state_bytes({})


def test_state_after_a_reset_can_be_stored_too(draft: Path, rng: np.random.Generator) -> None:
    network, view = _open(draft), rng.random((32, 32, 3), np.float32)
    data = network.state_bytes({"next": "1"})
    low = network.shrink(view, Size(16, 16))
    wanted = network.matte(view, low)
    assert network.load_state(data) == {"next": "1"}
    for one, other in zip(wanted, network.matte(view, low), strict=True):
        np.testing.assert_array_equal(one, other)


def test_damaged_state_is_an_error_and_leaves_the_own_one(
    draft: Path, rng: np.random.Generator
) -> None:
    network, view = _open(draft), rng.random((32, 32, 3), np.float32)
    network.matte(view, network.shrink(view, Size(16, 16)))
    data = network.state_bytes({})
    for damaged in (b"", data[:-1], data[:-1] + bytes([data[-1] ^ 1])):
        with pytest.raises(ModelError, match="damaged or no recurrent state"):
            network.load_state(damaged)
    assert network.state_bytes({}) == data
