"""Which frame of the plate each written frame shows."""

import pytest

from robust_matte.jobs.progress import Event, Warned
from robust_matte.jobs.targets import Target, targets_for, warn_of_black
from robust_matte.settings.choices import Missing

HOLD, BLACK = Missing.HOLD, Missing.BLACK


@pytest.mark.parametrize(
    ("wanted", "present", "policy", "sources"),
    [
        pytest.param([1, 2], [1, 2], Missing.FAIL, [1, 2], id="no hole"),
        pytest.param([1, 2, 3, 4], [1, 4], HOLD, [1, 1, 1, 4], id="hold"),
        pytest.param([1, 2, 3, 4], [1, 4], BLACK, [1, None, None, 4], id="black"),
        pytest.param([1, 2, 3], [3], HOLD, [None, None, 3], id="nothing before to hold"),
        pytest.param([8, 9], [1, 2], HOLD, [2, 2], id="after the end"),
        pytest.param([2, 4], [1, 3], HOLD, [1, 3], id="between steps"),
        pytest.param([-1, 0], [-1], HOLD, [-1, -1], id="below zero"),
    ],
)
def test_hole_repeats_the_frame_before_it_or_is_black(
    wanted: list[int], present: list[int], policy: Missing, sources: list[int | None]
) -> None:
    targets = targets_for(wanted, present, policy)
    assert [one.number for one in targets] == wanted
    assert [one.source for one in targets] == sources


def test_only_a_repeated_frame_is_held() -> None:
    assert Target(5, 5).held is None
    assert Target(5, 4).held == 4
    assert Target(5, None).held is None


@pytest.mark.parametrize(
    ("policy", "first", "warnings"),
    [
        pytest.param(
            HOLD,
            1,
            [Warned("The frames 1-2 have none before them to hold: they are black.")],
            id="hold before the start",
        ),
        pytest.param(HOLD, 3, [], id="hold after it"),
        pytest.param(BLACK, 1, [], id="black as asked"),
    ],
)
def test_frames_that_cannot_be_held_are_told_once(
    policy: Missing, first: int, warnings: list[Warned]
) -> None:
    told: list[Event] = []
    warn_of_black(targets_for(range(first, 7), [3, 6], policy), policy, told.append)
    assert told == warnings
