"""What a step makes small: the terms of its losses, weighted as the stage says."""

from torch import Tensor

from robust_matte_rvm.network import low_res_view
from robust_matte_rvm.training.clips import Clip
from robust_matte_rvm.training.distillation import distillation_loss
from robust_matte_rvm.training.losses import matting_loss, segmentation_cross_entropy
from robust_matte_rvm.training.schedule import StepPlace
from robust_matte_rvm.training.student import StudentOutput
from robust_matte_rvm.training.teacher import Teacher

__all__ = ["TERMS", "Objective"]

TERMS = (
    "alpha",
    "pyramid",
    "temporal",
    "foreground",
    "foreground_temporal",
    "segmentation",
    "f3",
    "f4",
    "hidden",
)


class Objective:
    """The losses of a run.

    Args:
        teacher: Whose features may be followed.
    """

    def __init__(self, teacher: Teacher | None = None) -> None:
        self._teacher = teacher

    def terms(self, place: StepPlace, clip: Clip, said: StudentOutput) -> dict[str, Tensor]:
        """Return the weighted terms by name; their sum is the loss.

        Args:
            place: The step.
            clip: What was drawn, shapes (B, T, C, H, W).
            said: What the student said of `clip.src`.
        """
        low = _shrink(clip, (said.pha.shape[3], said.pha.shape[4]))
        if place.batch.objective == "segmentation":
            return {"segmentation": segmentation_cross_entropy(said.seg, low.pha)}
        stage = place.stage
        terms = matting_loss(said.fgr, said.pha, low.fgr, low.pha)
        if said.full is not None:
            full = matting_loss(said.full[:, :, :3], said.full[:, :, 3:], clip.fgr, clip.pha)
            terms = {name: term + full[name] for name, term in terms.items()}
        silhouette = segmentation_cross_entropy(said.seg, low.pha)
        terms["segmentation"] = stage.segmentation * silhouette
        if self._teacher:
            terms |= distillation_loss(
                said, self._teacher, low.src, features=stage.features, hidden=stage.hidden
            )
        return terms


def _shrink(clip: Clip, size: tuple[int, int]) -> Clip:
    """Return clips at the size of the view."""
    if clip.src.shape[3:] == size:
        return clip
    return Clip(*(_shrink_planes(planes, size) for planes in clip))


def _shrink_planes(planes: Tensor, size: tuple[int, int]) -> Tensor:
    return low_res_view(planes.flatten(0, 1), size).view(*planes.shape[:3], *size)
