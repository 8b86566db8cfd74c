"""Which step is what: stages, passes, sizes and learning rates."""

import pytest

from robust_matte_rvm.training.config import PassConfig, StageConfig
from robust_matte_rvm.training.schedule import Schedule, learning_rate

MASKS = PassConfig(objective="segmentation", batch=5, size=(32, 32), data={"masks": 1.0})


def stage(**values: object) -> StageConfig:
    usual: dict[str, object] = {
        "name": "one",
        "steps": 10,
        "batch": 2,
        "frames": 3,
        "size": (48, 64),
        "rate": 1.0,
        "data": {"clips": 1.0},
    }
    return StageConfig.model_validate(usual | values)


def test_stages_follow_each_other() -> None:
    schedule = Schedule([stage(name="a", steps=3), stage(name="b", steps=2)])
    places = [schedule.place(step) for step in range(5)]
    assert schedule.steps == 5
    assert [(one.stage.name, one.number, one.index) for one in places] == [
        ("a", 0, 0),
        ("a", 0, 1),
        ("a", 0, 2),
        ("b", 1, 0),
        ("b", 1, 1),
    ]
    assert [one.is_last for one in places] == [False, False, True, False, True]


def test_there_is_no_step_behind_the_last() -> None:
    with pytest.raises(IndexError):
        Schedule([stage(steps=3)]).place(3)


@pytest.mark.parametrize(
    ("step", "begun"),
    [
        pytest.param(0, 0, id="none yet"),
        pytest.param(1, 1, id="in the first"),
        pytest.param(3, 1, id="the first is over"),
        pytest.param(4, 2, id="in the second"),
        pytest.param(5, 2, id="the end"),
    ],
)
def test_a_stage_is_begun_with_its_first_step(step: int, begun: int) -> None:
    assert Schedule([stage(steps=3), stage(steps=2)]).begun(step) == begun


def test_passes_alternate_in_their_order() -> None:
    one = stage(passes={"masks": MASKS}, order=("main", "masks", "main"))
    places = [Schedule([one]).place(step) for step in range(7)]
    objectives = [place.batch.objective[0] for place in places]
    assert "".join(objectives) == "msmmsmm"
    assert [place.turn for place in places] == [0, 0, 1, 2, 1, 3, 4]


def test_sizes_are_turned_each_time_a_pass_comes_again() -> None:
    one = stage(passes={"masks": MASKS}, order=("main", "masks"))
    sizes = [Schedule([one]).place(step).draw_size(0) for step in range(0, 8, 2)]
    assert sizes == [(48, 64), (64, 48)] * 2


def test_drawn_sizes_lie_between_and_are_drawn_alike() -> None:
    schedule = Schedule([stage(steps=200, smallest=(32, 40), size=(36, 44))])
    sizes = [schedule.place(step).draw_size(7) for step in range(200)]
    assert {height for height, _ in sizes} == set(range(32, 37))
    assert {width for _, width in sizes} == set(range(40, 45))
    assert sizes == [schedule.place(step).draw_size(7) for step in range(200)]
    assert sizes != [schedule.place(step).draw_size(8) for step in range(200)]


@pytest.mark.parametrize(
    ("view", "found"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(288, (288, 216), id="pixels"),
        pytest.param(0.25, (128, 96), id="share"),
    ],
)
def test_the_view_is_a_side_or_a_share(view: float | None, found: tuple[int, int] | None) -> None:
    assert Schedule([stage(view=view)]).place(0).view((512, 384)) == found


def test_the_rate_rises_and_falls() -> None:
    one = stage(steps=110, rate=0.4, last_rate=0.2, warm_up=10 / 110)
    assert learning_rate(one, 0) == pytest.approx(0.04)
    assert learning_rate(one, 9) == pytest.approx(0.4)
    assert learning_rate(one, 10) == pytest.approx(0.4)
    assert learning_rate(one, 60) == pytest.approx(0.3)
    assert learning_rate(one, 109) == pytest.approx(0.2, abs=1e-3)


def test_a_part_may_have_a_rate_of_its_own_that_falls_alike() -> None:
    one = stage(steps=100, rate=0.4, last_rate=0.2, rates={"backbone": 0.1, "refiner": 0.0})
    for index in (0, 3, 50, 99):
        shared = learning_rate(one, index, "decoder")
        assert shared == learning_rate(one, index)
        assert learning_rate(one, index, "backbone") == pytest.approx(shared / 4)
        assert learning_rate(one, index, "refiner") == 0.0


def test_cost_counts_the_pixels_of_all_passes() -> None:
    main, masks = 2 * 3 * 48 * 64, 5 * 32 * 32
    one = stage(steps=4, passes={"masks": MASKS}, order=("main", "masks"))
    schedule = Schedule([one, stage(steps=2)])
    assert schedule.cost(0, 4) == 2 * (main + masks)
    assert schedule.cost(2, 5) == main + masks + main
    assert schedule.cost(6, 6) == 0
