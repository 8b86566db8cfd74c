"""The network of Robust Matte: Robust Video Matting (arXiv 2108.11515), written anew.

It knows tensors and weights files; it knows nothing of plates, comps or colour spaces.
"""

from robust_matte_rvm.checkpoints import LoadedNetwork, load_network
from robust_matte_rvm.errors import (
    CheckpointError,
    NetworkError,
    SegmentationMissingError,
    StateError,
)
from robust_matte_rvm.folding import fold_network
from robust_matte_rvm.network import (
    REFINERS,
    USUAL_SIDES,
    VARIANTS,
    LowResMatte,
    MattingNetwork,
    RefinerKind,
    Variant,
    low_res_view,
)
from robust_matte_rvm.recurrent_state import RecurrentState

__all__ = [
    "REFINERS",
    "USUAL_SIDES",
    "VARIANTS",
    "CheckpointError",
    "LoadedNetwork",
    "LowResMatte",
    "MattingNetwork",
    "NetworkError",
    "RecurrentState",
    "RefinerKind",
    "SegmentationMissingError",
    "StateError",
    "Variant",
    "fold_network",
    "load_network",
    "low_res_view",
]
