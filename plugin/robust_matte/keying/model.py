"""What keying asks of a matting model: numpy in, numpy out, a state inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from robust_matte.media.frames import FloatImage
from robust_matte.media.windows import Size
from robust_matte.settings.choices import Refiner

__all__ = ["MatteModel", "ModelIdentity", "ModelOpener", "Weights"]


@dataclass(frozen=True, slots=True)
class Weights:
    """What identifies a weights file.

    Attributes:
        path: The file.
        sha256: Hash of its bytes.
    """

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """What decides a model's last bit, beside its weights.

    Attributes:
        variant: The network, such as `mobilenetv3`.
        usual_side: Longest side of the low-resolution view it was made for, in pixels.
        refiner: The refiner in use.
        device: The kind of device it runs on, such as `cpu` or a GPU's name.
        threads: Threads of a CPU network.
        torch: Version and build of torch.
        capability: The CPU's instructions that torch uses, such as `AVX512`; empty elsewhere.
        precision: What it counts in.
        memory_format: How its tensors lie.
    """

    variant: str
    usual_side: int
    refiner: Refiner
    device: str
    threads: int
    torch: str
    capability: str = ""
    precision: str = "float32"
    memory_format: str = "channels last"


class MatteModel(Protocol):
    """A recurrent model; frames come in timeline order.

    All images are model view: (H, W, 3) float32, [0, 1]. The state depends on the low-resolution
    pass alone, so `roll` and `matte` leave the same state behind, bit for bit.
    """

    @property
    def identity(self) -> ModelIdentity:
        """What this model is, and where it runs."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is unusual about the weights, one sentence each."""

    def reset(self) -> None:
        """Drop the state, as at a cut."""

    def shrink(self, view: FloatImage, size: Size) -> FloatImage:
        """Return the low-resolution view, (h, w, 3) float32, of a full one.

        Its size must not change from one reset to the next.
        """

    def roll(self, low: FloatImage) -> None:
        """Advance the state by one frame, from its low-resolution view, without a matte."""

    def matte(self, view: FloatImage, low: FloatImage) -> tuple[FloatImage, FloatImage]:
        """Advance the state by one frame and return its matte.

        Returns:
            The foreground, (H, W, 3) float32, [0, 1], in the encoding of `view`, and alpha,
            (H, W) float32, [0, 1].
        """

    def state_bytes(self, words: Mapping[str, str]) -> bytes:
        """Return the state as a file, with words beside it.

        A model that loads it goes on bit for bit as this one does.
        """

    def load_state(self, data: bytes) -> dict[str, str]:
        """Take the state that `state_bytes` gave in place of the own one; returns the words.

        Raises:
            ModelError: The file is damaged, or no state; the own state is as it was.
        """


class ModelOpener(Protocol):
    """What loads a model; `Network` is the one in use, tests have others."""

    def __call__(
        self, weights: Weights, *, refiner: Refiner, device: str, threads: int
    ) -> MatteModel:
        """Load a model; see `Network`."""
