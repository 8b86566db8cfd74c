"""The real network's foreground at soft edges, against a known one; skipped without test media."""

import importlib.util
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.media
log = logging.getLogger(__name__)


@pytest.fixture
def edges(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The benchmark, as a module."""
    pytest.importorskip("skimage.data", reason="scikit-image is not installed")
    spec = importlib.util.spec_from_file_location("edges", root / "benchmarks" / "edges.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "edges", module)
    spec.loader.exec_module(module)
    return module


def test_band_has_at_most_half_the_error_of_the_plate(media: Path, edges: Any) -> None:
    """Over black, white, mid-grey and the opposite hue; the core is the plate, to the bit.

    Measured: 0.43 of it over blue, 0.32 over sky, 0.37 of both.
    """
    network = edges.open_network(media / "weights" / "rvm_mobilenetv3_web.safetensors")
    foreground, alpha = edges.make_cut_out(network, frames=2)
    clips = edges.draw_clips()
    plain, cleaned = 0.0, 0.0
    for name in ("blue", "sky"):
        clip = edges.key_clip(network, foreground, alpha, clips[name], frames=2)
        found = clip.recovered()
        core = clip.alpha == 1.0
        assert core.any()
        assert (found[core] == clip.plate[core]).all()
        errors = [sum(edges.band_errors(clip, one).values()) for one in (clip.plate, found)]
        log.info("%s: %.4f of %.4f", name, errors[1], errors[0])
        plain, cleaned = plain + errors[0], cleaned + errors[1]
    assert cleaned <= 0.5 * plain
