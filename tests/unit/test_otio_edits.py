"""Edits that OpenTimelineIO reads, from files that it wrote itself."""

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from robust_matte.errors import InputError, InstallationError
from robust_matte.media.otio_edits import read_otio_edits

HOUR = 24 * 3600


@pytest.fixture
def otio() -> Any:
    return pytest.importorskip("opentimelineio", reason="the extra edl is not installed")


@pytest.fixture
def timeline(otio: Any) -> Any:
    """A timeline of 40 frames: clips of 10 and 5, a gap of 5, a clip of 20; a title over it."""

    def clip(name: str, length: int) -> Any:
        time, span = otio.opentime.RationalTime, otio.opentime.TimeRange
        media = otio.schema.ExternalReference(
            f"file:///{name}.mov", span(time(0, 24), time(99, 24))
        )
        return otio.schema.Clip(name, media, span(time(7, 24), time(length, 24)))

    def gap(length: int) -> Any:
        return otio.schema.Gap(duration=otio.opentime.RationalTime(length, 24))

    made = otio.schema.Timeline("cut", global_start_time=otio.opentime.RationalTime(HOUR, 24))
    lower, upper = otio.schema.Track("V1", kind="Video"), otio.schema.Track("V2", kind="Video")
    lower.extend([clip("a", 10), clip("b", 5), gap(5), clip("c", 20)])
    upper.extend([gap(22), clip("title", 8)])
    sound = otio.schema.Track("A1", kind="Audio")
    sound.extend([clip("a", 3), clip("b", 37)])
    made.tracks.extend([lower, upper, sound])
    return made


@pytest.mark.parametrize("name", ["cut.otio", "cut.xml"])
def test_clips_of_all_video_tracks_make_the_cuts(
    name: str, otio: Any, timeline: Any, tmp_path: Path
) -> None:
    if name.endswith("xml"):
        pytest.importorskip("otio_fcp_adapter")
    otio.adapters.write_to_file(timeline, str(tmp_path / name))
    edits = read_otio_edits(tmp_path / name)
    assert (edits.fps, edits.is_timed) == (Fraction(24), True)
    assert (edits.first - HOUR, edits.last - HOUR) == (0, 39)
    assert [cut - HOUR for cut in edits.cuts] == [10, 15, 20, 22, 30]


def test_aaf_is_read(otio: Any, timeline: Any, tmp_path: Path) -> None:
    pytest.importorskip("otio_aaf_adapter")
    del timeline.tracks[1:]
    for at, one in enumerate(timeline.find_clips()):
        one.media_reference.metadata["AAF"] = {
            "SourceID": f"urn:smpte:umid:{'.'.join([f'{at + 1:08x}'] * 8)}"
        }
    otio.adapters.write_to_file(timeline, str(tmp_path / "cut.aaf"))
    edits = read_otio_edits(tmp_path / "cut.aaf")
    assert [cut - edits.first for cut in edits.cuts] == [10, 15, 20]


def test_clip_that_is_switched_off_is_none(otio: Any, timeline: Any, tmp_path: Path) -> None:
    timeline.tracks[1][1].enabled = False
    otio.adapters.write_to_file(timeline, str(tmp_path / "cut.otio"))
    assert [cut - HOUR for cut in read_otio_edits(tmp_path / "cut.otio").cuts] == [10, 15, 20]


def test_dissolve_is_where_its_clips_meet(otio: Any, timeline: Any, tmp_path: Path) -> None:
    time = otio.opentime.RationalTime
    timeline.tracks[0].insert(
        1, otio.schema.Transition("d", "SMPTE_Dissolve", time(4, 24), time(4, 24))
    )
    del timeline.tracks[1:]
    otio.adapters.write_to_file(timeline, str(tmp_path / "cut.otio"))
    assert [cut - HOUR for cut in read_otio_edits(tmp_path / "cut.otio").cuts] == [10, 15, 20]


def test_edit_without_a_start_has_no_timecode(otio: Any, timeline: Any, tmp_path: Path) -> None:
    timeline.global_start_time = None
    otio.adapters.write_to_file(timeline, str(tmp_path / "cut.otio"))
    edits = read_otio_edits(tmp_path / "cut.otio")
    assert (edits.is_timed, edits.first, edits.cuts) == (False, 0, (10, 15, 20, 22, 30))


def test_rate_of_1001st_parts_is_exact(otio: Any, tmp_path: Path) -> None:
    time, span = otio.opentime.RationalTime, otio.opentime.TimeRange
    made = otio.schema.Timeline("cut", global_start_time=time(108000, 30000 / 1001))
    track = otio.schema.Track("V1", kind="Video")
    track.extend(
        otio.schema.Clip(name, source_range=span(time(0, 30000 / 1001), time(1800, 30000 / 1001)))
        for name in "abc"
    )
    made.tracks.append(track)
    otio.adapters.write_to_file(made, str(tmp_path / "cut.otio"))
    edits = read_otio_edits(tmp_path / "cut.otio")
    assert edits.fps == Fraction(30000, 1001)
    assert edits.cuts == (109800, 111600)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("cut.otio", b"", id="empty"),
        pytest.param("cut.otio", b'{"OTIO_SCHEMA": "Timeline.1", "tracks": ', id="truncated"),
        pytest.param("cut.xml", b"<fcpxml/>", id="another XML"),
        pytest.param("cut.xml", b"\0\1\2", id="binary"),
        pytest.param("cut.aaf", b"no AAF", id="no AAF"),
    ],
)
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # pyaaf2 leaves it open
def test_damaged_file_is_told(name: str, content: bytes, otio: Any, tmp_path: Path) -> None:
    assert otio
    (tmp_path / name).write_bytes(content)
    with pytest.raises(
        InputError, match=r"The edit list .* (cannot be read|holds 0 time|has no clips)"
    ):
        read_otio_edits(tmp_path / name)


def test_edit_without_video_is_told(otio: Any, timeline: Any, tmp_path: Path) -> None:
    del timeline.tracks[:2]
    otio.adapters.write_to_file(timeline, str(tmp_path / "cut.otio"))
    with pytest.raises(InputError, match=r"has no clips of video\. Export it again with"):
        read_otio_edits(tmp_path / "cut.otio")


def test_several_timelines_are_refused(otio: Any, timeline: Any, tmp_path: Path) -> None:
    bin_of_two = otio.schema.SerializableCollection("bin")
    bin_of_two.extend([timeline, timeline.deepcopy()])
    otio.adapters.write_to_file(bin_of_two, str(tmp_path / "cut.otio"))
    with pytest.raises(InputError, match=r"holds 2 timelines"):
        read_otio_edits(tmp_path / "cut.otio")


def test_absent_file_is_told(otio: Any, tmp_path: Path) -> None:
    assert otio
    with pytest.raises(InputError, match=r"absent\.otio cannot be opened"):
        read_otio_edits(tmp_path / "absent.otio")


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("cut.otio", "opentimelineio"),
        ("cut.xml", "otio_fcp_adapter"),
        ("cut.aaf", "otio_aaf_adapter"),
    ],
)
def test_what_is_not_installed_is_named_with_the_command(
    name: str, lacking: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "robust_matte.media.otio_edits.find_spec", lambda asked: None if asked == lacking else True
    )
    with pytest.raises(InstallationError) as caught:
        read_otio_edits(tmp_path / name)
    assert lacking in caught.value.what
    assert caught.value.hint == f'Run: {sys.executable} -m pip install "robust-matte[edl]"'
    assert caught.value.exit_code == 7
