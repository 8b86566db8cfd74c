"""Telling weights files apart."""

import hashlib
from pathlib import Path

import pytest

from robust_matte.errors import WeightsMissingError
from robust_matte.keying.model import hash_weights


def test_weights_are_known_by_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(b"weights" * 100_000)
    weights = hash_weights(path)
    assert weights.path == path
    assert weights.sha256 == hashlib.sha256(b"weights" * 100_000).hexdigest()


@pytest.mark.parametrize(
    "name", [pytest.param("absent.pth", id="absent"), pytest.param("", id="folder")]
)
def test_weights_that_cannot_be_read_are_told(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(WeightsMissingError) as caught:
        hash_weights(path)
    assert str(path) in caught.value.what
    assert "--model" in caught.value.hint


def test_no_weights_at_all_are_told() -> None:
    with pytest.raises(WeightsMissingError, match=r"^No weights are named") as caught:
        hash_weights(None)
    assert "--model" in caught.value.hint
