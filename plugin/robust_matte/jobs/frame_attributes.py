"""What a written frame says about itself. No time, host or path: the same job, the same bytes."""

from collections.abc import Mapping

from robust_matte.jobs.outputs import JOB_ATTRIBUTE
from robust_matte.jobs.plan import Plan
from robust_matte.jobs.plate_space import REC709_CHROMATICITIES
from robust_matte.keying.segments import Segment
from robust_matte.settings.choices import PlateSpace

__all__ = ["frame_attributes"]


def frame_attributes(
    plan: Plan,
    segment: Segment | None,
    plate: Mapping[str, object],
    *,
    number: int,
    held: int | None,
    is_stated: bool,
) -> dict[str, object]:
    """Return the EXR attributes of one frame: the plate's, and our own.

    Args:
        plan: The job's plan.
        segment: The segment the frame was keyed in; None for a black one.
        plate: Attributes handed on from the plate.
        number: Frame number.
        held: The frame this one repeats, or None.
        is_stated: Whether the plate's space is known rather than assumed.
    """
    request = plan.request
    settings = request.settings
    space = request.plate.space
    attributes: dict[str, object] = dict(plate) | {
        JOB_ATTRIBUTE: plan.job,
        "robust_matte/version": request.pins.engine,
        "robust_matte/model": request.weights.variant,
        "robust_matte/refiner": request.weights.refiner,
        "robust_matte/weights_sha256": request.weights.sha256,
        "robust_matte/plate_space": space.value if is_stated else f"{space.value} (assumed)",
        "robust_matte/output_space": PlateSpace.LINEAR_REC709.value,
        "robust_matte/low_res": f"{request.low_size}",
        "robust_matte/warm_up": int(settings["warm_up"]),
        "robust_matte/approximate": int(settings["cold"]),
    }
    if not space.is_scene_referred:  # these pixels were converted here, so their space is known
        attributes.pop("oiio:ColorSpace", None)
        attributes |= {
            "chromaticities": REC709_CHROMATICITIES,
            "colorInteropID": "lin_rec709_scene",
        }
    if segment is None:
        return attributes | {"robust_matte/held": "black"}
    attributes["robust_matte/segment"] = str(segment)
    if held is not None:
        attributes.pop("timeCode", None)  # true of the repeated frame alone
        return attributes | {"robust_matte/held": str(held)}
    if number == segment.first:
        attributes["robust_matte/reset"] = segment.reset.value
    return attributes
