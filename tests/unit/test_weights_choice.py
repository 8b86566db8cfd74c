"""What --model means, and where weights are looked for."""

import os
from pathlib import Path

import pytest

from robust_matte import weights
from robust_matte.errors import SettingsError, WeightsMissingError
from robust_matte.keying.network_check import check_network
from robust_matte.weights.choice import ChosenWeights, choose_weights
from robust_matte.weights.identity import Standing
from robust_matte.weights.known import DOWNLOADS, KNOWN, RELEASE, get_known
from robust_matte.weights.listing import list_weights
from robust_matte.weights.places import is_offline, mirror, own_folder, search_folders
from robust_matte_rvm import USUAL_SIDES, VARIANTS

DRAFT = Path(weights.__file__).with_name("draft.safetensors")
MOBILE, RESNET = "rvm_mobilenetv3.pth", "rvm_resnet50.pth"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache, of which nothing is there yet, and no settings."""
    for name in ("WEIGHTS", "WEIGHTS_URL", "OFFLINE"):
        monkeypatch.delenv(f"ROBUST_MATTE_{name}", raising=False)
    for name in ("XDG_CACHE_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    return tmp_path / "cache" / "robust-matte" / "weights"


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:  # noqa: ARG001
    """A studio's folder, of which nothing is there yet."""
    monkeypatch.setenv("ROBUST_MATTE_WEIGHTS", str(tmp_path / "studio"))
    return tmp_path / "studio"


def put(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(name.encode())
    return folder / name


def test_the_shared_folder_comes_before_the_cache(shared: Path, cache: Path) -> None:
    assert search_folders() == (shared, cache)
    assert own_folder() == shared
    mine = put(cache, MOBILE)
    assert choose_weights("auto", offline=False).path == mine
    ours = put(shared, MOBILE)
    assert choose_weights("auto", offline=False).path == ours


def test_looking_makes_no_folder(cache: Path, tmp_path: Path) -> None:
    assert own_folder() == cache
    assert [one.stored for one in list_weights() if not one.known.is_packaged] == [None, None]
    assert list(tmp_path.iterdir()) == []


def test_a_relative_shared_folder_is_told_in_full(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBUST_MATTE_WEIGHTS", "studio")
    assert search_folders() == (Path("studio").absolute(), cache)


@pytest.mark.parametrize("offline", [False, True])
def test_auto_takes_mobilenetv3_or_else_draft_and_never_another(cache: Path, offline: bool) -> None:
    put(cache, RESNET)
    stopgap = choose_weights("auto", offline=offline)
    assert stopgap == ChosenWeights(KNOWN["draft"], DRAFT, is_stopgap=True)
    mobile = put(cache, MOBILE)
    found = choose_weights("auto", offline=offline)
    assert found == ChosenWeights(KNOWN["mobilenetv3"], mobile)


@pytest.mark.parametrize("name", ["draft", "auto"])
def test_draft_is_that_of_the_package_whatever_lies_elsewhere(name: str, shared: Path) -> None:
    put(shared, "draft.safetensors")
    assert choose_weights(name, offline=False).path == DRAFT
    assert choose_weights("draft", offline=True) == ChosenWeights(KNOWN["draft"], DRAFT)


@pytest.mark.parametrize("name", ["draft", "auto"])
@pytest.mark.usefixtures("cache")
def test_a_package_without_draft_is_damaged(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robust_matte.weights.places._PACKAGE", tmp_path)
    with pytest.raises(WeightsMissingError) as caught:
        choose_weights(name, offline=False)
    gone = f"The weights {tmp_path / 'draft.safetensors'} are gone from this installation."
    assert caught.value.what == gone
    assert "from a fresh copy of this program" in caught.value.hint
    assert choose_weights("mobilenetv3", offline=False).is_absent  # the other way out
    (draft, *_) = list_weights()
    assert draft.problem is not None
    assert draft.problem.what == gone


def test_draft_fits_its_network_and_is_small() -> None:
    assert check_network(DRAFT) == "draft"
    assert DRAFT.stat().st_size <= 4_000_000


def test_every_network_has_weights_by_name_and_its_usual_side() -> None:
    assert {one.name: one.usual_side for one in KNOWN.values()} == USUAL_SIDES
    assert set(USUAL_SIDES) == set(VARIANTS)


def test_a_name_is_to_be_fetched_where_it_is_absent(shared: Path) -> None:
    chosen = choose_weights("resnet50", offline=False)
    assert chosen.is_absent
    assert chosen.path == shared / RESNET
    put(shared, RESNET)
    assert not choose_weights("resnet50", offline=False).is_absent


def test_offline_nothing_is_to_be_fetched(shared: Path, cache: Path) -> None:
    with pytest.raises(WeightsMissingError) as caught:
        choose_weights("resnet50", offline=True)
    assert f"{shared} or {cache}, and nothing is fetched offline." in caught.value.what
    assert "robust-matte weights import FILE" in caught.value.hint
    assert "--model FILE" in caught.value.hint
    path = put(cache, RESNET)
    assert choose_weights("resnet50", offline=True).path == path


@pytest.mark.parametrize(
    "text",
    ["rvm.pth", "./mobilenetv3", "weights/resnet50", "resnet", pytest.param("é.pth", id="é")],
)
def test_anything_else_is_a_path(text: str) -> None:
    chosen = choose_weights(text, offline=True)
    assert (chosen.known, chosen.path) == (None, Path(text).absolute())
    assert not chosen.is_absent


@pytest.mark.parametrize(
    ("value", "says"),
    [
        pytest.param(None, False, id="unset"),
        pytest.param("", False, id="empty"),
        pytest.param("0", False, id="0"),
        pytest.param("1", True, id="1"),
        pytest.param("true", True, id="true"),
    ],
)
def test_the_environment_can_forbid_the_network(
    value: str | None, says: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROBUST_MATTE_OFFLINE", raising=False)
    if value is not None:
        monkeypatch.setenv("ROBUST_MATTE_OFFLINE", value)
    assert is_offline(is_asked=False) is says
    assert is_offline(is_asked=True)


def test_a_mirror_replaces_the_release_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROBUST_MATTE_WEIGHTS_URL", raising=False)
    assert mirror() == DOWNLOADS
    monkeypatch.setenv("ROBUST_MATTE_WEIGHTS_URL", "http://mirror/rvm/")
    assert mirror() == "http://mirror/rvm"


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"called 'resnet'\.") as caught:
        get_known("resnet")
    assert "mobilenetv3, resnet50" in caught.value.hint


@pytest.mark.parametrize("reason", ["File name too long", "Permission denied"])
def test_a_folder_that_cannot_be_looked_into_is_not_passed_over(
    reason: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cache, MOBILE)
    shared = tmp_path / ("x" * 300 if reason == "File name too long" else "closed")
    monkeypatch.setenv("ROBUST_MATTE_WEIGHTS", str(shared))
    if reason == "Permission denied":
        shared.mkdir(mode=0)
        if os.name == "nt" or os.access(shared, os.R_OK):
            pytest.skip("this user may look into every folder")
    with pytest.raises(WeightsMissingError) as caught:
        choose_weights("auto", offline=False)
    assert caught.value.what == f"The weights {shared / MOBILE} cannot be read: {reason}."
    assert str(shared) in caught.value.hint
    assert [one.problem is not None for one in list_weights()] == [False, True, True]


def test_absent_weights_that_are_not_fetched_are_told_with_the_command(shared: Path) -> None:
    with pytest.raises(WeightsMissingError) as caught:
        choose_weights("resnet50", offline=False, may_be_absent=False)
    assert f"The weights {RESNET} are not in {shared} or " in caught.value.what
    assert "robust-matte weights fetch resnet50;" in caught.value.hint
    assert RELEASE in caught.value.hint
    assert "--model FILE" in caught.value.hint


def test_a_listed_file_that_is_wrong_is_told(cache: Path) -> None:
    path = put(cache, MOBILE)
    draft, mobile, resnet = list_weights()
    assert mobile.stored is None
    assert mobile.problem is not None
    assert str(path) in mobile.problem.what
    assert (resnet.stored, resnet.problem) == (None, None)
    assert draft.stored is not None
    assert (draft.stored.path, draft.stored.standing) == (DRAFT, Standing.PACKAGED)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps caches elsewhere")
@pytest.mark.usefixtures("cache")
def test_without_settings_the_cache_is_the_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert own_folder().is_relative_to(tmp_path / "home")
