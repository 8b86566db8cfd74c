"""What a training run is told, as its TOML file says it."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from robust_matte_rvm.network import Variant
from robust_matte_rvm.training.data_config import DataConfig

__all__ = ["Part", "PassConfig", "StageConfig", "TrainConfig", "ValidationConfig"]


_Count = Annotated[int, Field(ge=1)]
_Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Side = Annotated[int, Field(ge=16)]  # pixels; the deepest features are a sixteenth of it
_Shares = Annotated[dict[str, _Weight], Field(min_length=1)]
Part = Literal["backbone", "aspp", "decoder", "refiner"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PassConfig(_Strict):
    """What the batch of a step is made of, and what is asked of the network there.

    Attributes:
        objective: `matting` learns alpha and foreground, `segmentation` masks alone.
        batch: Clips a step, of each process.
        frames: Frames of a clip.
        size: Height and width of a clip, in pixels.
        smallest: Where given, height and width are drawn for each step, each between this and
            `size`. Else they are those of `size`, turned by 90 degrees in every second step.
        view: What the network works at, the refiner lifting the result: above 1 the longest side
            in pixels, up to 1 a share of the clip's size. None is the clip's size, unrefined.
        data: Share of each data set, by name.
    """

    objective: Literal["matting", "segmentation"] = "matting"
    batch: _Count
    frames: _Count = 1
    size: tuple[_Side, _Side]
    smallest: tuple[_Side, _Side] | None = None
    view: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    data: _Shares


class StageConfig(PassConfig):
    """A part of the run. What it says of batches is its pass called `main`.

    Attributes:
        name: For logs and sheets.
        steps: Optimiser steps, of all its passes together.
        rate: Learning rate after warming up.
        last_rate: At the end; it falls along a cosine.
        rates: Other learning rates than `rate` of parts of the network, falling likewise.
        warm_up: Share of the steps in which the rate rises from nothing.
        segmentation: Weight of the cross-entropy of the subject's silhouette.
        features: Weight of the teacher's features.
        hidden: Weight of the teacher's hidden features.
        norms: `keep` normalises by the statistics that were learned before, and leaves them: those
            of a few clips say little.
        passes: Other passes, by name.
        order: The passes that follow each other, over and over.
    """

    name: Annotated[str, Field(pattern=r"^[\w -]+$")]  # part of files' names
    steps: _Count
    rate: _Weight
    last_rate: _Weight = 0.0
    rates: dict[Part, _Weight] = {}
    warm_up: Annotated[float, Field(ge=0, le=1)] = 0.03
    segmentation: _Weight = 0.0
    features: _Weight = 0.0
    hidden: _Weight = 0.0
    norms: Literal["learn", "keep"] = "learn"
    passes: dict[str, PassConfig] = {}
    order: Annotated[tuple[str, ...], Field(min_length=1)] = ("main",)

    def find_pass(self, name: str) -> PassConfig:
        """Return a pass by its name; KeyError for one that is not there."""
        return self if name == "main" else self.passes[name]


class ValidationConfig(_Strict):
    """What the run is held against while it goes on.

    Attributes:
        view: Longest side the network works at, in pixels.
        longest: Pixels; larger held-out pictures are reduced to this side.
        data: Share of each data set that clips are drawn from, by name; none by default. Of a set
            that holds something out, that alone; a set that no stage names is seen here alone.
        clips: How many are drawn, the same ones each time.
        frames: Frames of a clip.
        size: Height and width of a clip, in pixels.
    """

    view: _Side = 288
    longest: _Side = 640
    data: dict[str, _Weight] = {}
    clips: _Count = 8
    frames: _Count = 8
    size: tuple[_Side, _Side] = (288, 512)


class TrainConfig(_Strict):
    """A run.

    Attributes:
        seed: Of weights and of all that is drawn.
        variant: The network.
        start: Weights to begin with; None draws them. Relative paths begin at the configuration.
        encoder: Weights of the encoder alone to begin with, as learned on ImageNet.
        teacher: Weights of the teacher, or None.
        precision: `bf16` computes convolutions in bfloat16.
        weight_decay: Of AdamW.
        average: How much of the running mean of the weights stays at each step.
        workers: Processes that draw clips ahead, beside each process that trains; 0 draws them
            where they are used.
        log_every: Steps between rows of losses.csv.
        checkpoint_every: Steps between checkpoints.
        validate_every: Steps between validations.
        sheet_every: Steps between sample sheets.
        words: What `weights.safetensors` says of itself, such as the origin and the licence of the
            data.
        validation: What the run is held against.
        data: Data sets by name.
        stages: In order.
    """

    seed: Annotated[int, Field(ge=0)] = 0
    variant: Variant = "draft"
    start: Path | None = None
    encoder: Path | None = None
    teacher: Path | None = None
    precision: Literal["no", "bf16"] = "no"
    weight_decay: _Weight = 1e-4
    average: Annotated[float, Field(ge=0, lt=1)] = 0.999
    workers: Annotated[int, Field(ge=0)] = 0
    log_every: _Count = 20
    checkpoint_every: _Count = 500
    validate_every: _Count = 500
    sheet_every: _Count = 1000
    words: dict[str, str] = {}
    validation: ValidationConfig = ValidationConfig()
    data: Annotated[dict[str, DataConfig], Field(min_length=1)]
    stages: Annotated[tuple[StageConfig, ...], Field(min_length=1)]

    def beside(self, folder: Path) -> Self:
        """Return the same with its relative paths beginning at a folder."""
        return self.model_copy(
            update={
                "start": self.start and folder / self.start,
                "encoder": self.encoder and folder / self.encoder,
                "teacher": self.teacher and folder / self.teacher,
                "data": {name: data.beside(folder) for name, data in self.data.items()},
            }
        )
