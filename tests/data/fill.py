"""Deterministic parameter fill: two implementations of the network, compared without weights.

Every floating-point entry of a state dict is filled from its own name alone: same name and shape,
same values. Used for the arrays in parity_*.npz beside this file; see README.md.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["fill", "frames"]


def fill(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the float32 values of one state-dict entry, (shape), from its name.

    Kernels are scaled by fan-in so that activations stay bounded; BatchNorm variances are positive.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith("running_var"):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    if name.endswith("box_filter.weight"):
        return np.full(shape, 1 / 9, np.float32)
    if len(shape) == 4:
        fan_in = shape[1] * shape[2] * shape[3]
        kernel = rng.standard_normal(shape) * np.sqrt(2.0 / fan_in)
        return np.asarray(kernel, np.float32)
    if name.endswith("weight"):  # BatchNorm scale
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    return np.asarray(rng.standard_normal(shape) * 0.1, np.float32)  # biases, running means


def frames(seed: int, count: int, height: int, width: int) -> NDArray[np.float32]:
    """Return smooth frames, (count, 3, height, width) float32 in [0, 1], that drift in time."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    out = np.zeros((count, 3, height, width), np.float32)
    for channel in range(3):
        for _ in range(6):
            fx, fy = rng.uniform(-0.12, 0.12, 2)
            phase, drift = rng.uniform(0, 6.28), rng.uniform(-0.4, 0.4)
            gain = rng.uniform(0.05, 0.2)
            for t in range(count):
                wave = np.sin(fx * x + fy * y + phase + drift * t)
                out[t, channel] += gain * wave.astype(np.float32)
    return np.asarray(np.clip(out + 0.5, 0, 1), np.float32)
