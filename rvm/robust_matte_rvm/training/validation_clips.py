"""What a run is held against: photographs that are held out, and clips that are drawn once."""

from collections.abc import Mapping

import numpy as np

from robust_matte_rvm.training.clips import Clip, ClipSource
from robust_matte_rvm.training.config import TrainConfig
from robust_matte_rvm.training.data_config import PhotographsData
from robust_matte_rvm.training.sources import open_source, read_held_out
from robust_matte_rvm.training.teacher import Teacher

__all__ = ["collect_clips"]

_APART = 1 << 32  # keeps these draws apart from those of steps


def collect_clips(
    config: TrainConfig, sources: Mapping[str, ClipSource], teacher: Teacher | None
) -> list[Clip]:
    """Return held-out photographs as the teacher mattes them, and clips of validation's data sets.

    Args:
        config: The run's.
        sources: Its data sets by name, without what is held out.
        teacher: What mattes photographs.

    Returns:
        Stills and clips, shapes (T, C, H, W), on the CPU.

    Raises:
        DataSetError: A file cannot be read.
    """
    stills = [
        still
        for name, data in config.data.items()
        if isinstance(data, PhotographsData) and data.held_out
        for still in read_held_out(name, data, teacher, config.validation.longest)
    ]
    return stills + _draw(config, sources, teacher)


def _draw(
    config: TrainConfig, sources: Mapping[str, ClipSource], teacher: Teacher | None
) -> list[Clip]:
    told = config.validation
    names = [name for name, share in told.data.items() if share]
    opened = {
        name: open_source(name, config.data[name], teacher, held_out=True)
        if config.data[name].held_out
        else sources[name]
        for name in names
    }
    shares = np.array([told.data[name] for name in names])
    clips = []
    for at in range(told.clips if names else 0):
        rng = np.random.default_rng([config.seed, _APART, at])
        source = opened[names[rng.choice(len(names), p=shares / shares.sum())]]
        clips.append(source.draw(rng, told.frames, told.size))
    return clips
