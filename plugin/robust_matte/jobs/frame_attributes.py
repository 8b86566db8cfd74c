"""What a written frame says about itself. No time, host or path: the same job, the same bytes."""

from robust_matte.jobs.outputs import JOB_ATTRIBUTE
from robust_matte.jobs.plan import Plan
from robust_matte.keying.segments import Segment
from robust_matte.settings.choices import PlateSpace

__all__ = ["frame_attributes"]

_REC709 = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)


def frame_attributes(
    plan: Plan, segment: Segment | None, *, number: int, held: int | None, is_stated: bool
) -> dict[str, object]:
    """Return the EXR attributes of one frame, beside those handed on from the plate.

    Args:
        plan: The job's plan.
        segment: The segment the frame was keyed in; None for a black one.
        number: Frame number.
        held: The frame this one repeats, or None.
        is_stated: Whether the plate's space is known rather than assumed.
    """
    request = plan.request
    settings = request.settings
    space = request.plate.space
    attributes: dict[str, object] = {
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
        attributes |= {"chromaticities": _REC709, "colorInteropID": "lin_rec709_scene"}
    if segment is None:
        return attributes | {"robust_matte/held": "black"}
    attributes["robust_matte/segment"] = str(segment)
    if held is not None:
        return attributes | {"robust_matte/held": str(held)}
    if number == segment.first:
        attributes["robust_matte/reset"] = segment.reset.value
    return attributes
