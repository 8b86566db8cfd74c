"""Telling weights files apart."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from robust_matte.errors import WeightsDamagedError, WeightsMissingError
from robust_matte.weights.identity import (
    Standing,
    check_identity,
    identify_weights,
    pin,
    take_fingerprint,
)
from robust_matte.weights.known import KNOWN, KnownWeights

HELLO = "ce013625030ba8dba906f756967f9e9ca394464a"  # what `git hash-object` says of "hello\n"
PUBLISHED = replace(KNOWN["mobilenetv3"], git_blob=HELLO)
NEVER_PUBLISHED = replace(KNOWN["resnet50"], git_blob=None)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "w.pth"
    path.write_bytes(b"hello\n")
    return path


def test_content_is_known_by_git_and_by_sha256(place: Path) -> None:
    found = take_fingerprint(place)
    assert found.git_blob == HELLO
    assert found.sha256 == hashlib.sha256(b"hello\n").hexdigest()
    assert found.size == 6


def test_long_files_are_read_to_their_end(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"weights" * 500_000)
    found = take_fingerprint(path)
    assert found.sha256 == hashlib.sha256(b"weights" * 500_000).hexdigest()
    header = b"blob 3500000\0"
    assert found.git_blob == hashlib.sha1(header + b"weights" * 500_000).hexdigest()  # noqa: S324


@pytest.mark.parametrize(
    "name", [pytest.param("absent.pth", id="absent"), pytest.param("", id="folder")]
)
def test_weights_that_cannot_be_read_are_told(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(WeightsMissingError) as caught:
        take_fingerprint(path)
    assert f"The weights {path} cannot be read: " in caught.value.what
    assert "mobilenetv3 or resnet50" in caught.value.hint


def test_the_published_file_is_known(place: Path) -> None:
    assert identify_weights(PUBLISHED, place).standing is Standing.PUBLISHED


def test_packaged_weights_are_as_the_program_they_come_with(place: Path) -> None:
    packaged = replace(NEVER_PUBLISHED, is_packaged=True)
    pin(place, replace(take_fingerprint(place), sha256="0"))
    assert identify_weights(packaged, place).standing is Standing.PACKAGED


def test_another_file_is_not_the_published_one(place: Path) -> None:
    place.write_bytes(b"hellO\n")
    with pytest.raises(WeightsDamagedError) as caught:
        identify_weights(PUBLISHED, place)
    assert str(place) in caught.value.what
    assert HELLO in caught.value.what
    assert "weights fetch mobilenetv3" in caught.value.hint


def test_a_pin_cannot_replace_what_was_published(place: Path) -> None:
    place.write_bytes(b"hellO\n")
    pin(place, take_fingerprint(place))
    with pytest.raises(WeightsDamagedError):
        identify_weights(PUBLISHED, place)


def test_where_nothing_was_published_the_first_file_is_held_on_to(place: Path) -> None:
    assert identify_weights(NEVER_PUBLISHED, place).standing is Standing.UNKNOWN
    pin(place, take_fingerprint(place))
    assert identify_weights(NEVER_PUBLISHED, place).standing is Standing.PINNED
    place.write_bytes(b"hellO\n")
    with pytest.raises(WeightsDamagedError, match="that came first") as caught:
        identify_weights(NEVER_PUBLISHED, place)
    assert f"remove {place}.sha256" in caught.value.hint


def test_pin_is_what_sha256sum_reads(place: Path) -> None:
    pin(place, take_fingerprint(place))
    line = place.with_name("w.pth.sha256").read_text()
    assert line == f"{hashlib.sha256(place.read_bytes()).hexdigest()}  w.pth\n"


@pytest.mark.parametrize(
    "text", [pytest.param(b"", id="empty"), pytest.param(b"\xff nonsense", id="nonsense")]
)
def test_a_damaged_pin_fits_nothing(text: bytes, place: Path) -> None:
    place.with_name("w.pth.sha256").write_bytes(text)
    with pytest.raises(WeightsDamagedError):
        identify_weights(NEVER_PUBLISHED, place)


def test_a_pin_that_cannot_be_read_is_told(place: Path) -> None:
    place.with_name("w.pth.sha256").mkdir()
    with pytest.raises(WeightsDamagedError, match=r"w\.pth\.sha256 cannot be read"):
        identify_weights(NEVER_PUBLISHED, place)


def test_a_source_is_named_in_place_of_the_file(place: Path) -> None:
    other = replace(PUBLISHED, git_blob="0" * 40)
    with pytest.raises(WeightsDamagedError, match=r"^http://here/w\.pth is not"):
        check_identity(other, take_fingerprint(place), place, source="http://here/w.pth")


@pytest.mark.parametrize(
    "known", [pytest.param(PUBLISHED, id="published"), pytest.param(NEVER_PUBLISHED, id="pinned")]
)
def test_a_file_of_the_users_own_is_sent_to_its_path_first(
    known: KnownWeights, place: Path, tmp_path: Path
) -> None:
    pin(place, take_fingerprint(place))
    own = tmp_path / "own.pth"
    own.write_bytes(b"other\n")
    with pytest.raises(WeightsDamagedError) as caught:
        check_identity(known, take_fingerprint(own), place, source=str(own), is_own=True)
    start = f"Use it by its path, --model {own}; or run robust-matte weights fetch {known.name}"
    assert caught.value.hint.startswith(start)


def test_the_users_own_files_are_what_they_are(place: Path) -> None:
    assert identify_weights(None, place).standing is Standing.UNKNOWN


def test_the_published_identities_are_git_ids() -> None:
    for known in KNOWN.values():
        assert known.git_blob is None or len(bytes.fromhex(known.git_blob)) == 20
