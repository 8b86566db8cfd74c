"""What a student learns from its teacher beside the mattes: to see what the teacher sees.

Source:
    Romero et al. 2015, "FitNets: Hints for Thin Deep Nets", arXiv 1412.6550: a layer of the
    student, through a 1x1 convolution that is thrown away afterwards, follows one of the teacher.
"""

import torch
from torch import Tensor
from torch.nn import functional

from robust_matte_rvm.errors import NetworkError
from robust_matte_rvm.training.student import StudentOutput
from robust_matte_rvm.training.teacher import Teacher

__all__ = ["distillation_loss", "feature_loss"]

_LEAST_SPREAD = 1e-3  # channels that are silent in a batch would be all noise


def feature_loss(mine: Tensor, theirs: Tensor) -> Tensor:
    """Return the smooth L1 distance of features, in units of each channel's spread.

    The teacher's channels differ in scale by orders of magnitude; divided by their standard
    deviation within the batch, each of them counts alike.

    Args:
        mine: The student's, projected to the teacher's channels, (B, C, H, W), any floating dtype.
        theirs: The teacher's, (B, C, H, W), float32, of at least two pixels.

    Returns:
        The mean over all values, shape ().
    """
    spread = theirs.std((0, 2, 3), keepdim=True).clamp(min=_LEAST_SPREAD)
    gap = (mine.float() - theirs) / spread
    return functional.smooth_l1_loss(gap, torch.zeros_like(gap))


def distillation_loss(
    said: StudentOutput, teacher: Teacher, src: Tensor, *, features: float, hidden: float = 0.0
) -> dict[str, Tensor]:
    """Return the weighted terms by name, `f3` and `f4`, and `hidden`; none whose weight is 0.

    Args:
        said: What a student that has projections for these features said.
        teacher: Whom it follows.
        src: The clips at the size of the student's view, (B, T, 3, h, w), on the teacher's device,
            display-encoded R'G'B' in [0, 1].
        features: Weight of the encoder's features at 1/8 and at 1/16.
        hidden: Weight of the decoder's hidden features, at the view's size.

    Raises:
        NetworkError: The student was made without the projection of a term.
    """
    given = {"f3": features, "f4": features, "hidden": hidden}
    weights = {name: weight for name, weight in given.items() if weight}
    if not weights:
        return {}
    theirs = teacher.observe(src, decodes="hidden" in weights)
    return {
        name: weight * feature_loss(_projected(said, name), getattr(theirs, name))
        for name, weight in weights.items()
    }


def _projected(said: StudentOutput, name: str) -> Tensor:
    features: Tensor | None = getattr(said, name)
    if features is None:
        raise NetworkError(
            f"The student has no projection of {name} to the teacher's channels.",
            "Make it with the channels of all features that it shall learn.",
        )
    return features
