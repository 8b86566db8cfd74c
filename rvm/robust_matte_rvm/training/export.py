"""A trained network as the file that is handed out: small, and open to further training.

The normalisations stay as they are trained. Folded into the convolutions they would save less
than a hundredth of the file, and nobody could fine-tune it; `fold_network` does it on loading.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor

from robust_matte_rvm.errors import CheckpointError
from robust_matte_rvm.network import MattingNetwork
from robust_matte_rvm.tensor_files import pack_tensors
from robust_matte_rvm.training.writing import write_atomically

__all__ = ["Export", "export_network"]

_LARGEST = torch.finfo(torch.float16).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What became of a network's weights in a file.

    Attributes:
        size: Bytes.
        sha256: Of the file.
        coarsest: The tensor that suffered most from rounding.
        rounding: The greatest change of one of its values, as a share of its greatest value; 0.0005
            is what half precision does to any tensor.
    """

    size: int
    sha256: str
    coarsest: str
    rounding: float


def export_network(
    network: MattingNetwork, path: Path, metadata: Mapping[str, str], *, refines: bool = True
) -> Export:
    """Write the weights as a half-precision safetensors file that `load_network` reads.

    The same weights and metadata make the same bytes. Beside the metadata given the file says
    what it is: `variant` and `precision`.

    Args:
        network: On any device, in any mode; it is left as it is.
        path: The file to write or replace; its folder must exist.
        metadata: What shall be known of the weights wherever they go: name, data and its licence,
            command, seed, steps, sha256 of the teacher.
        refines: Whether its deep guided filter has been trained; one that was not is left out, and
            the fast one, which needs no training, takes its place.

    Returns:
        What was written.

    Raises:
        CheckpointError: A weight is not finite, or too large for half precision; nothing is
            written.
        OSError: The file cannot be written.
    """
    full = {
        name: tensor.detach().cpu()
        for name, tensor in network.state_dict().items()
        if refines or not name.startswith("refiner.")
    }
    floating = {name: tensor for name, tensor in full.items() if tensor.is_floating_point()}
    _check_range(path, floating)
    half = {name: tensor.half() for name, tensor in floating.items()}
    roundings = {name: _rounding(tensor, half[name]) for name, tensor in floating.items()}
    coarsest = max(roundings, key=roundings.__getitem__)
    told = {**metadata, "variant": network.variant, "precision": "float16"}
    data = pack_tensors(full | half, told)
    write_atomically(path, data)
    return Export(
        size=len(data),
        sha256=sha256(data).hexdigest(),
        coarsest=coarsest,
        rounding=roundings[coarsest],
    )


def _check_range(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Raise CheckpointError unless half precision can hold every value."""
    broken = [name for name, tensor in tensors.items() if not bool(tensor.isfinite().all())]
    if broken:
        raise CheckpointError(
            f"{path} was not written: {min(broken)} holds NaN or infinity.",
            "Go back to a checkpoint from before the training came apart, with a lower rate.",
        )
    # What rounds to infinity, and not what lies above the largest: there is room to round down.
    large = [name for name, tensor in tensors.items() if bool(tensor.half().isinf().any())]
    if large:
        name = min(large)
        greatest = float(tensors[name].abs().max())
        raise CheckpointError(
            f"{path} was not written: {name} holds {greatest:g}, half precision ends at "
            f"{_LARGEST:g}.",
            "Train with more weight decay or a lower rate: no sound network has such weights.",
        )


def _rounding(full: Tensor, half: Tensor) -> float:
    """Return the greatest change as a share of the greatest value; 0 where all values are 0."""
    greatest = float(full.abs().max())
    return float((full - half.to(full.dtype)).abs().max()) / greatest if greatest else 0.0
