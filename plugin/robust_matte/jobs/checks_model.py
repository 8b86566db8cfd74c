"""The check of the weights: found, the right ones, and a network that runs with them.

Libraries are imported by the check that needs them: one that cannot be loaded is a finding.
"""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from robust_matte.jobs.examination import Examination
from robust_matte.jobs.findings import Finding, State

if TYPE_CHECKING:
    from robust_matte.keying.model import MatteModel

__all__ = ["check_weights"]

_SIDE = 64  # pixels of the picture that is tried


def check_weights(examination: Examination) -> Iterator[Finding]:
    """Find the weights that `key` would take, and key a grey picture with them.

    Raises:
        ModelError: They are not there, are damaged, or do not run on the device.
    """
    from robust_matte.weights.choice import choose_weights
    from robust_matte.weights.identity import check_identity, take_fingerprint
    from robust_matte.weights.known import AUTO

    chosen = choose_weights(examination.model, offline=False)
    if chosen.is_absent:
        yield Finding(
            name="weights",
            state=State.WARNING,
            said=f"{chosen.path} is not here yet, and key would fetch it",
            todo=f"Run robust-matte weights fetch {examination.model}",
        )
        return
    content = take_fingerprint(chosen.path)
    said = f"{chosen.path}, sha256 {content.sha256}"
    if chosen.known is not None:
        said = f"{chosen.known.name}: {said}, {check_identity(chosen.known, content, chosen.path)}"
    if chosen.is_stopgap:
        yield Finding(
            name="weights",
            state=State.WARNING,
            said=f"{said}; auto takes it because {AUTO} is not here",
            todo=f"For finer mattes run robust-matte weights fetch {AUTO}",
        )
    else:
        yield Finding(name="weights", said=said)
    yield _try_network(examination, chosen.path, content.sha256)


def _try_network(examination: Examination, path: Path, sha256: str) -> Finding:
    """Load the network and key with it."""
    from robust_matte.keying.model import Weights
    from robust_matte.keying.network import Network
    from robust_matte.settings.choices import Refiner

    began = perf_counter()
    network = Network(
        Weights(path, sha256),
        refiner=Refiner.AUTO,
        device=examination.runs_on,
        threads=0,
    )
    holds_numbers = _keys_grey(network)
    identity = network.identity
    said = (
        f"{identity.variant} with the {identity.refiner.replace('_', ' ')}, on {identity.device}; "
        f"loaded and tried in {perf_counter() - began:.1f} s"
    )
    if holds_numbers:
        return Finding(name="network", said=said)
    return Finding(
        name="network",
        state=State.PROBLEM,
        said=f"{said}, but its matte holds no numbers",
        todo="Try --device cpu; if that works, the card or its driver is at fault",
        exit_code=5,
    )


def _keys_grey(network: "MatteModel") -> bool:
    """Key the second of two frames of grey, which has a state to carry; say if it holds numbers."""
    import numpy as np

    from robust_matte.media.windows import Size

    view = np.full((_SIDE, _SIDE, 3), 0.5, np.float32)
    network.reset()
    low = network.shrink(view, Size(_SIDE, _SIDE))
    network.roll(low)
    _, alpha = network.matte(view, low)
    return alpha.shape == view.shape[:2] and bool(np.isfinite(alpha).all())
