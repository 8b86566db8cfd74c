"""What a written frame says about itself. No time, host or path: the same job, the same bytes."""

from collections.abc import Mapping

from robust_matte.jobs.marks import PINS_ATTRIBUTE
from robust_matte.jobs.matte_attributes import matte_attributes
from robust_matte.jobs.pins import Pins
from robust_matte.jobs.plan import Plan
from robust_matte.keying.segments import Segment
from robust_matte.media.formats import JOB_ATTRIBUTE
from robust_matte.settings.choices import Despill, PlateSpace

__all__ = ["frame_attributes"]

_OUTPUT_SPACE = "robust_matte/output_space"
_LINEAR = PlateSpace.LINEAR_REC709.value


def frame_attributes(
    plan: Plan,
    segment: Segment | None,
    plate: Mapping[str, object],
    *,
    number: int,
    held: int | None,
    pins: Pins,
) -> dict[str, object]:
    """Return the EXR attributes of one frame: the plate's, and our own.

    Args:
        plan: The job's plan.
        segment: The segment the frame was keyed in; None for a black one.
        plate: Attributes handed on from the plate.
        number: Frame number.
        held: The frame this one repeats, or None.
        pins: What it was keyed under.
    """
    request = plan.request
    attributes: dict[str, object] = _space_attributes(plan, plate) | {
        JOB_ATTRIBUTE: plan.job,
        "robust_matte/version": pins.engine,
        PINS_ATTRIBUTE: pins.hash,
        "robust_matte/model": request.weights.variant,
        "robust_matte/refiner": request.weights.refiner,
        "robust_matte/weights_sha256": request.weights.sha256,
        "robust_matte/low_res": f"{request.low_size}",
        "robust_matte/warm_up": int(request.settings["warm_up"]),
        "robust_matte/approximate": int(request.settings["cold"]),
    }
    if request.settings.get("roi") is not None:
        attributes["robust_matte/roi"] = str(request.settings["roi"])
    attributes |= matte_attributes(request)
    for name in ("layer", "view"):  # of the plate
        if (said := request.settings.get(name)) is not None:
            attributes[f"robust_matte/plate_{name}"] = str(said)
    if segment is None or held is not None:
        attributes.pop("timeCode", None)  # true of another frame
        attributes["robust_matte/held"] = "black" if segment is None else str(held)
    if (despill := request.settings.get("despill", Despill.NONE)) != Despill.NONE:
        attributes["robust_matte/despill"] = str(despill)
    if segment is not None:
        attributes["robust_matte/segment"] = str(segment)
        attributes["robust_matte/gain"] = segment.gain
        if number == segment.first:
            attributes["robust_matte/reset"] = segment.reset.value
    return attributes


def _space_attributes(plan: Plan, plate: Mapping[str, object]) -> dict[str, object]:
    """Return the plate's attributes with what is known, and only that, of the result's space."""
    record, colour = plan.request.plate, plan.request.colour
    attributes = dict(plate)
    assumed = "" if record.is_space_stated else " (assumed)"
    attributes["robust_matte/plate_space"] = f"{record.space}{assumed}"
    if not assumed or (record.space, colour.output) != (_LINEAR, _LINEAR):
        attributes.pop("oiio:ColorSpace", None)
        attributes["chromaticities"] = colour.chromaticities
        attributes["colorInteropID"] = colour.interop_id
        assumed = ""
    attributes[_OUTPUT_SPACE] = f"{colour.output}{assumed}"
    if not colour.is_invertible:
        attributes["robust_matte/foreground"] = "the plate"
    return {name: value for name, value in attributes.items() if value is not None}
