"""Which settings a state outlasts, and how many states are held."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from robust_matte.jobs import planning, preview_states
from robust_matte.jobs.pins import Pins
from robust_matte.jobs.plan import ColourRecord, PlateRecord, Request, WeightsRecord
from robust_matte.jobs.preview_states import Beginning, KeptStates, fed_identity, seen_identity
from robust_matte.jobs.recently_used import RecentlyUsed
from robust_matte.media.windows import Size, Window
from robust_matte.settings.key_settings import KeySettings

# Of the settings that are part of a job: those that change what the network is shown of a frame.
SHOWN = {"first_frame", "invert_garbage", "nonfinite", "roi", "source_alpha"}


class Model:
    """Holds a number for a state, in as many bytes as a test wants."""

    def __init__(self, bytes_each: int) -> None:
        self.state = 0
        self._bytes = bytes_each

    def state_bytes(self, _: Mapping[str, str]) -> bytes:
        return json.dumps(self.state).encode().ljust(self._bytes)

    def load_state(self, data: bytes) -> dict[str, str]:
        self.state = json.loads(data)
        return {}


def _keep(states: KeptStates, model: Any, following: int, *, is_lasting: bool) -> None:
    model.state = following
    states.keep(Beginning("", 1, 1, (), 0.0), following, model, is_lasting=is_lasting)


def _found(states: KeptStates, model: Any, upto: int, of: str = "") -> int | None:
    found = states.nearest(Beginning(of, 1, 1, (), 0.0), upto)
    if found is None:
        return None
    found[1](model)
    assert model.state == found[0]
    return found[0]


def test_every_setting_is_known_to_change_a_state_or_not() -> None:
    of_the_job = set(KeySettings.model_fields) - planning._NOT_OF_THE_JOB | {"frames"}
    assert of_the_job - preview_states._NOT_SHOWN == SHOWN
    assert of_the_job | {"format"} >= preview_states._NOT_SHOWN


def _request(**settings: Any) -> Request:
    window = Window(0, 0, 8, 8)
    usual = {"layers": "combined", "format": "exr", "cuts": "auto", "gain": "0", "despill": "none"}
    return Request(
        plate=PlateRecord(
            path="a",
            frames="1-9",
            fingerprint="f",
            space="s",
            is_space_stated=True,
            display_window=window,
            work_area=window,
        ),
        colour=ColourRecord(output="s", chromaticities=(), interop_id=None),
        weights=WeightsRecord(sha256="w", variant="draft", refiner="x"),
        low_size=Size(4, 4),
        settings=usual | settings,
    )


@pytest.mark.parametrize(
    ("settings", "of_states", "of_cuts"),
    [
        ({"despill": "green", "matte_grow": 2.0, "layers": "separate"}, False, False),
        ({"cuts": "off"}, False, True),
        ({"gain": "auto"}, False, True),
        ({"roi": "0,0,4,4"}, True, True),
        ({"source_alpha": "garbage"}, True, False),
        ({"invert_garbage": True}, True, False),
        ({"of a later version": 1}, True, True),
    ],
)
def test_identities_tell_apart_what_they_must(
    settings: dict[str, Any], of_states: bool, of_cuts: bool
) -> None:
    pins = Pins(engine="0", torch="2", device="cpu", threads=2)
    one, other = _request(), _request(**settings)
    assert (fed_identity(one, pins) != fed_identity(other, pins)) is of_states
    assert (seen_identity(one) != seen_identity(other)) is of_cuts
    more = pins.model_copy(update={"threads": 3})
    assert fed_identity(one, pins) != fed_identity(one, more)


def test_states_that_stay_go_by_use_and_those_in_between_by_age() -> None:
    states, model = KeptStates(limit=100), Model(10)
    for following in (1, 26, 51, 76):
        _keep(states, model, following, is_lasting=True)
    for following in (11, 12, 13, 14, 15, 16):
        _keep(states, model, following, is_lasting=False)
    assert len(states) == 8
    assert _found(states, model, 12) == 1  # 11 and 12 went
    assert _found(states, model, 13) == 13
    assert _found(states, model, 99, of="another") is None
    for following in (101, 126, 151):  # 80 bytes, and three more than there is room for one of
        _keep(states, model, following, is_lasting=True)
    assert states.size == 100
    assert _found(states, model, 50) == 16  # 26 was not used for longest
    assert _found(states, model, 75) == 51
    assert _found(states, model, 1) == 1


def test_a_state_is_held_once_and_may_turn_out_to_stay() -> None:
    states, model = KeptStates(limit=100), Model(10)
    _keep(states, model, 26, is_lasting=False)
    _keep(states, model, 26, is_lasting=True)
    _keep(states, model, 26, is_lasting=False)
    for following in range(30, 40):
        _keep(states, model, following, is_lasting=False)
    assert len(states) == 5
    assert _found(states, model, 29) == 26


def test_a_state_that_there_is_no_room_for_is_not_held() -> None:
    states, model = KeptStates(limit=5), Model(10)
    _keep(states, model, 26, is_lasting=True)
    _keep(states, model, 27, is_lasting=False)
    assert (len(states), states.size) == (0, 0)


def test_values_that_were_not_used_for_longest_go() -> None:
    values: RecentlyUsed[str] = RecentlyUsed(2)
    assert values.put("a", "A") is None
    assert values.put("a", "AA") == "A"
    values.put("b", "B")
    assert values.get("a") == "AA"
    assert values.put("c", "C") == "B"
    assert (values.get("b"), values.drop("a"), values.get("a")) == (None, "AA", None)
    assert len(values) == 1
