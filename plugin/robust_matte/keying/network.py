"""The network behind `MatteModel`: weights, device and state. The one door to robust_matte_rvm."""

from collections.abc import Mapping
from pathlib import Path

import torch

from robust_matte.errors import ModelError, WeightsDamagedError
from robust_matte.keying.cores import default_threads
from robust_matte.keying.devices import choose_device, cpu_capability
from robust_matte.keying.model import ModelIdentity, Weights
from robust_matte.media.frames import FloatImage
from robust_matte.media.windows import Size
from robust_matte.settings.choices import Refiner
from robust_matte_rvm import (
    USUAL_SIDES,
    CheckpointError,
    LoadedNetwork,
    RecurrentState,
    RefinerKind,
    StateError,
    fold_network,
    load_network,
    low_res_view,
)

__all__ = ["Network"]


_REFINERS: dict[Refiner, RefinerKind | None] = {
    Refiner.AUTO: None,
    Refiner.DEEP_GUIDED_FILTER: "deep_guided_filter",
    Refiner.FAST_GUIDED_FILTER: "fast_guided_filter",
}


class Network:
    """A matting network with its state, on one device.

    Args:
        weights: The weights file.
        refiner: The refiner, or `auto` for the one the weights hold.
        device: `auto`, or a torch device; a named one never falls back.
        threads: Threads of a CPU network; 0 takes one per core.

    Raises:
        WeightsDamagedError: The file is no checkpoint of a known network, or lacks the refiner.
        DeviceError: The device cannot be used.
    """

    def __init__(self, weights: Weights, *, refiner: Refiner, device: str, threads: int) -> None:
        self._device = choose_device(device)
        torch.set_num_threads(threads or default_threads())
        loaded = _load(weights.path, refiner)
        self._network = fold_network(loaded.network).to(self._device)
        self._state = RecurrentState.empty()
        self.notes = loaded.notes
        self.identity = ModelIdentity(
            variant=loaded.variant,
            usual_side=USUAL_SIDES[loaded.variant],
            refiner=Refiner(loaded.refiner),
            device=_spoken(self._device),
            threads=torch.get_num_threads(),
            torch=torch.__version__,
            capability=cpu_capability(self._device),
        )

    def reset(self) -> None:
        """Drop the state."""
        self._state = RecurrentState.empty()

    @torch.inference_mode()
    def shrink(self, view: FloatImage, size: Size) -> FloatImage:
        """Return the low-resolution view; see `MatteModel`."""
        return _to_image(low_res_view(self._to_tensor(view), (size.height, size.width)))

    @torch.inference_mode()
    def roll(self, low: FloatImage) -> None:
        """Advance the state; see `MatteModel`."""
        _, self._state = self._network.low_res_pass(self._to_tensor(low), self._state)
        self._check_state()

    @torch.inference_mode()
    def matte(self, view: FloatImage, low: FloatImage) -> tuple[FloatImage, FloatImage]:
        """Advance the state and return the matte; see `MatteModel`."""
        small = self._to_tensor(low)
        matte, self._state = self._network.low_res_pass(small, self._state)
        self._check_state()
        foreground, alpha = self._network.refine(self._to_tensor(view), small, matte)
        return _to_image(foreground), _to_image(alpha)[..., 0]

    def state_bytes(self, words: Mapping[str, str]) -> bytes:
        """Return the state as a safetensors file; see `MatteModel`."""
        return self._state.to_bytes(words)

    def load_state(self, data: bytes) -> dict[str, str]:
        """Take a state; see `MatteModel`."""
        try:
            state, words = RecurrentState.from_bytes(data)
        except StateError as error:
            raise ModelError(error.what, hint=error.hint) from error
        self._state = state.to(self._device)
        return words

    def _to_tensor(self, image: FloatImage) -> torch.Tensor:
        """Return (1, 3, H, W) float32 on the device, channels last: the image as it lies."""
        return torch.from_numpy(image).permute(2, 0, 1).unsqueeze(0).to(self._device)

    def _check_state(self) -> None:
        if not self._state.is_finite():
            raise ModelError(
                "The network's state became NaN or infinite.",
                hint="Check the weights file; a bad plate pixel cannot cause this, the model view "
                "is bounded.",
            )


def _to_image(tensor: torch.Tensor) -> FloatImage:
    """Return (H, W, C) float32 of a (1, C, H, W) tensor, in whatever order it lies."""
    image: FloatImage = tensor[0].permute(1, 2, 0).cpu().numpy()
    return image


def _load(path: Path, refiner: Refiner) -> LoadedNetwork:
    try:
        return load_network(path, _REFINERS[refiner])
    except CheckpointError as error:
        raise WeightsDamagedError(error.what, hint=error.hint, path=path) from error


def _spoken(device: torch.device) -> str:
    """Return the kind of a device, which decides bits, rather than its number."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
