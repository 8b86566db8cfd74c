"""Planning many shots: the plan of each, and the bins that all of them are keyed in."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robust_matte.errors import (
    Cancelled,
    InputError,
    ModelError,
    Preempted,
    RobustMatteError,
    SettingsError,
)
from robust_matte.farm.cutting import cut_pieces
from robust_matte.farm.farm_plan import PLAN_NAME, FarmPlan, Piece, PlannedWeights, Shot
from robust_matte.farm.packing import default_bins, pack
from robust_matte.farm.roots import check_root, relative_text
from robust_matte.farm.settling import settle_plan
from robust_matte.farm.shot_error import of_shot
from robust_matte.farm.shot_request import ShotRequest
from robust_matte.farm.shot_settings import kept_settings
from robust_matte.jobs.counted import keep_count
from robust_matte.jobs.output_names import is_file_name
from robust_matte.jobs.planning import PlannedJob, plan_job
from robust_matte.jobs.progress import Listener, PartReached, Warned, silent
from robust_matte.jobs.shared_model import share_model
from robust_matte.jobs.stereo import settings_of_views
from robust_matte.keying.model import MatteModel, ModelOpener, Weights
from robust_matte.keying.network import Network
from robust_matte.media.plates import MoviePlate
from robust_matte.media.views import has_view_place
from robust_matte.settings.choices import Refiner
from robust_matte.settings.key_settings import KeySettings
from robust_matte.weights.known import KNOWN

__all__ = ["FarmRequest", "FarmResult", "plan_farm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmRequest:
    """What is to be planned.

    Attributes:
        shots: The shots, in the order of the plan.
        output: Where results go: a folder; for a plate that is named by itself what `key` takes.
        settings: What all shots share, as `KeySettings` takes it, without plate and output.
        bins: How many bins; None is one a piece, at most 64.
        split: The most frames of a piece; None keeps segments whole.
        plates: The root of the plates; None is the folder that all are in.
        skip_bad: Plan the others where a shot cannot be planned.
    """

    shots: Sequence[ShotRequest]
    output: str
    settings: dict[str, Any] = field(default_factory=dict)
    bins: int | None = None
    split: int | None = None
    plates: Path | None = None
    skip_bad: bool = False

    @property
    def out(self) -> Path:
        """The root `out`, where the plan goes."""
        place = Path(self.output).absolute()
        if is_file_name(self.output):
            place = place.parent
        while has_view_place(str(place)):
            place = place.parent
        return place

    @property
    def plates_root(self) -> Path:
        """The root `plates`."""
        if self.plates is not None:
            return self.plates
        folders = [Path(shot.plate).parent for shot in self.shots]
        try:
            return Path(os.path.commonpath(folders))
        except ValueError:  # on several drives of Windows
            return folders[0]


@dataclass(frozen=True, slots=True)
class FarmResult:
    """What came of planning.

    Attributes:
        path: The plan's file.
        plan: The plan.
        is_new: Whether it was written now; else it was there already.
        skipped: Why shots were left out.
    """

    path: Path
    plan: FarmPlan
    is_new: bool
    skipped: tuple[RobustMatteError, ...] = ()


def plan_farm(
    request: FarmRequest, listener: Listener = silent, *, open_model: ModelOpener = Network
) -> FarmResult:
    """Plan all shots, pack their pieces into bins, and save the plan, unless it is there.

    The plans of the shots are what `key` makes of each, and lie beside its output. They are kept
    where another shot cannot be planned, so that it goes quickly once that is mended.

    Args:
        request: What is to be planned.
        listener: Called with what happens, on the calling thread.
        open_model: What loads the model, once for all shots.

    Raises:
        RobustMatteError: See the classes; where several shots are planned, an InputError says how
            many cannot be, after each was told as a warning.
    """
    _check_plates(request)
    planner = _Planner(request, listener, open_model)
    faults: dict[str, RobustMatteError] = {}
    for index, shot in enumerate(request.shots):
        if len(request.shots) > 1:
            listener(PartReached(index, len(request.shots), shot.name))
        try:
            planner.add(shot)
        except (Preempted, Cancelled, ModelError):
            raise  # it is none of the shot's
        except RobustMatteError as fault:
            if len(request.shots) == 1:
                raise
            faults[shot.name] = of_shot(fault, shot.name)
            listener(Warned(f"{shot.name} cannot be planned: {fault.what} {fault.hint}"))
    if faults and (not request.skip_bad or not planner.shots):
        raise InputError(
            f"{len(faults)} of {len(request.shots)} shots cannot be planned: {', '.join(faults)}.",
            hint="Mend them, or leave them out with --skip-bad; the others' plans are kept.",
        )
    plan = planner.packed()
    path = request.out / PLAN_NAME
    is_overwritten = bool(request.settings.get("overwrite"))
    settled, is_new = settle_plan(path, plan, is_overwritten=is_overwritten)
    return FarmResult(path, settled, is_new, tuple(faults.values()))


def _check_plates(request: FarmRequest) -> None:
    """Make sure that the root of the plates, where one is named, is there and holds them all."""
    if request.plates is None:
        return
    check_root("plates", request.plates)
    root = Path(os.path.normpath(request.plates))
    for shot in request.shots:
        if shot.plate and not Path(os.path.normpath(shot.plate)).is_relative_to(root):
            raise SettingsError(
                f"The plate {shot.plate} is not in the root plates, {root}.",
                hint="Name a folder that all plates are in, or leave --root plates=PATH out.",
            )


class _Planner:
    """Plans shot after shot with one model."""

    def __init__(self, request: FarmRequest, listener: Listener, open_model: ModelOpener) -> None:
        self._request = request
        self._listener = listener
        self._share = share_model(open_model)
        self._weights: Weights | None = None
        self.shots: list[Shot] = []
        self._pieces: list[Piece] = []

    def add(self, shot: ShotRequest) -> None:
        """Plan a shot, each of its views as one."""
        jobs = settings_of_views(self._settings(shot))
        for settings in jobs:
            job = plan_job(settings, self._listener, self._open)
            name = f"{shot.name}_{job.opened.picture.view}" if len(jobs) > 1 else shot.name
            self._keep(name, job)

    def packed(self) -> FarmPlan:
        """Return the plan of all that was added.

        Raises:
            SettingsError: There is nothing to key.
        """
        pixels = {shot.name: shot.pixels for shot in self.shots}
        loads = [piece.frames * pixels[piece.shot] for piece in self._pieces]
        bins = pack(loads, self._request.bins or default_bins(len(loads)))
        return FarmPlan(
            plates=relative_text(self._request.plates_root, self._request.out),
            weights=self._planned_weights(),
            split=self._request.split,
            shots=tuple(self.shots),
            bins=tuple(tuple(self._pieces[at] for at in indices) for indices in bins),
        )

    def _settings(self, shot: ShotRequest) -> KeySettings:
        """Return a shot's settings; later shots take the weights that the first one took."""
        shared = dict(self._request.settings) | {"contact_sheet": "none"}
        if self._weights is not None:
            shared["model"] = str(self._weights.path)
        place = self._request.output
        output = place if shot.is_alone else str(Path(place) / shot.name)
        return KeySettings(**(shared | shot.own), plate=shot.plate, output=output)

    def _open(self, weights: Weights, *, refiner: Refiner, device: str, threads: int) -> MatteModel:
        self._weights = self._weights or weights
        return self._share(weights, refiner=refiner, device=device, threads=threads)

    def _planned_weights(self) -> PlannedWeights:
        weights = self._weights
        if weights is None:
            raise SettingsError("No shot is named.", hint="Name a plate, or a folder of shots.")
        files = {known.file: known.name for known in KNOWN.values()}
        name = files.get(weights.path.name, weights.path.name)
        return PlannedWeights(name=name, sha256=weights.sha256)

    def _keep(self, name: str, job: PlannedJob) -> None:
        opened, request = job.opened, self._request
        if isinstance(opened.plate, MoviePlate):
            keep_count(opened.plate, opened.outputs.job_folder)
        wanted = list(opened.frames)
        shot = Shot(
            name=name,
            plate=relative_text(opened.settings.plate, request.plates_root),
            output=relative_text(str(opened.outputs.pattern), request.out),
            settings=kept_settings(opened.settings, request.plates_root),
            job=job.plan.job,
            segments=job.plan.segments,
            pixels=opened.windows.keyed.size.width * opened.windows.keyed.size.height,
            frames=len(wanted),
        )
        self.shots.append(shot)
        self._pieces += cut_pieces(name, shot.segments, opened.plate.numbers, wanted, request.split)
