"""The colours around an edge, and whether they speak against the model's foreground."""

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.colour.model_view import ModelView
from robust_matte.keying.foreground import recover_foreground
from robust_matte.keying.surroundings import Surroundings, look_around
from robust_matte.settings.choices import PlateSpace

Image = NDArray[np.float32]
HEIGHT, WIDTH = 48, 64
FORE, BACK = (0.30, 0.16, 0.08), (0.05, 0.50, 0.08)
SEEN = ModelView(PlateSpace.LINEAR_REC709)


@pytest.fixture
def alpha() -> Image:
    """From foreground at the left through 16 columns of a soft edge to background."""
    ramp = np.clip((40 - np.arange(WIDTH) + 0.5) / 16, 0, 1)
    return np.broadcast_to(ramp, (HEIGHT, WIDTH)).astype(np.float32)


# Alpha counts as foreground alone from 0.9 on, so a little background is in `fore`.


def _picture(colour: tuple[float, ...], rng: np.random.Generator, grain: float) -> Image:
    light = np.broadcast_to(np.array(colour, np.float32), (HEIGHT, WIDTH, 3))
    return np.asarray(light * rng.normal(1, grain, (HEIGHT, WIDTH, 1)), np.float32)


def _composite(fore: Image, back: Image, alpha: Image) -> Image:
    return np.asarray(fore * alpha[..., None] + back * (1 - alpha[..., None]), np.float32)


def _around(plate: Image, alpha: Image) -> Surroundings:
    rows, columns = np.nonzero((alpha > 0) & (alpha < 1))
    around = look_around(plate, alpha, (rows, columns), 1.0)
    assert around is not None
    return around


def test_colours_nearby_are_those_of_foreground_and_background(
    alpha: Image, rng: np.random.Generator
) -> None:
    fore, back = _picture(FORE, rng, 0.0), _picture(BACK, rng, 0.0)
    around = _around(_composite(fore, back, alpha), alpha)
    np.testing.assert_allclose(around.fore, np.broadcast_to(FORE, around.fore.shape), rtol=2e-2)
    np.testing.assert_allclose(around.back, np.broadcast_to(BACK, around.back.shape), rtol=2e-2)
    assert (around.distinct == 1.0).all()
    np.testing.assert_allclose(
        around.unmixed(), np.broadcast_to(FORE, around.fore.shape), rtol=3e-2
    )


@pytest.mark.parametrize("grain", [0.0, 0.3])
def test_a_foreground_that_explains_the_plate_is_never_doubted(
    grain: float, alpha: Image, rng: np.random.Generator
) -> None:
    fore, back = _picture(FORE, rng, grain), _picture(BACK, rng, grain / 3)
    around = _around(_composite(fore, back, alpha), alpha)
    assert not around.doubt(fore[around.pixels]).any()


def test_a_foreground_that_hands_on_the_plate_is_doubted(
    alpha: Image, rng: np.random.Generator
) -> None:
    fore, back = _picture(FORE, rng, 0.2), _picture(BACK, rng, 0.05)
    plate = _composite(fore, back, alpha)
    around = _around(plate, alpha)
    assert around.doubt(plate[around.pixels]).mean() > 0.95


@pytest.mark.parametrize(("trace", "share"), [(0.005, 0.0), (0.01, 0.0), (0.05, 1.0)])
def test_of_a_trace_the_layer_is_as_the_model_says(
    trace: float, share: float, alpha: Image, rng: np.random.Generator
) -> None:
    """What nobody sees in a composite shall not be gaudy in the layer."""
    plate = _composite(_picture(FORE, rng, 0.2), _picture(BACK, rng, 0.05), alpha)
    alpha[:, 38:42] = trace
    plate[:, 38:42] = plate[:, 42:46]
    around = _around(plate, alpha)
    is_trace = around.alpha[:, 0] == np.float32(trace)
    doubt = around.doubt(plate[around.pixels])[is_trace]
    assert is_trace.sum() == 4 * HEIGHT
    assert (doubt == 0.0).all() if share == 0.0 else doubt.mean() > 0.9


def test_nothing_is_doubted_where_the_colours_nearby_are_alike(
    alpha: Image, rng: np.random.Generator
) -> None:
    fore, back = _picture(FORE, rng, 0.3), _picture(FORE, rng, 0.3)
    plate = _composite(fore, back, alpha)
    around = _around(plate, alpha)
    assert not around.doubt(np.zeros_like(around.fore)).any()


def test_nothing_is_doubted_where_the_colours_nearby_explain_nothing(
    alpha: Image, rng: np.random.Generator
) -> None:
    """A lamp behind the edge, of which the open background knows nothing."""
    fore, back = _picture(FORE, rng, 0.0), _picture(BACK, rng, 0.0)
    back[:, 24:40] = 9.0
    around = _around(_composite(fore, back, alpha), alpha)
    assert not around.doubt(fore[around.pixels]).any()


@pytest.mark.parametrize("cover", [0.5, 1.0, 0.0])
def test_without_foreground_or_background_alone_there_is_nothing_to_say(cover: float) -> None:
    alpha = np.full((HEIGHT, WIDTH), cover, np.float32)
    alpha[0, 0] = 0.5
    first = (np.array([0]), np.array([0]))
    assert look_around(np.ones((HEIGHT, WIDTH, 3), np.float32), alpha, first, 1.0) is None


@pytest.mark.parametrize(
    ("bad", "bound"), [(np.nan, 0.0), (np.inf, 2.0), (-np.inf, 0.0), (1e30, 2.0), (-5.0, 0.0)]
)
def test_a_bad_pixel_is_but_a_black_or_a_white_one(
    bad: float, bound: float, alpha: Image, rng: np.random.Generator
) -> None:
    plate = _composite(_picture(FORE, rng, 0.1), _picture(BACK, rng, 0.1), alpha)
    for place in ((5, 3), (20, 30), (7, 60)):
        plate[place] = bad
    found = _around(plate, alpha)
    plate[~(np.abs(plate) < 4)] = bound
    wanted = _around(plate, alpha)
    model = np.zeros_like(found.fore)
    for one, other in (
        (found.fore, wanted.fore),
        (found.unmixed(), wanted.unmixed()),
        (found.doubt(model), wanted.doubt(model)),
    ):
        np.testing.assert_array_equal(one, other)


def test_what_is_taken_off_a_dark_brown_leaves_no_red(
    alpha: Image, rng: np.random.Generator
) -> None:
    """Before a white wall alpha is a little low: more is taken off than there is of blue."""
    brown = (0.10, 0.045, 0.03)
    plate = _composite(_picture(brown, rng, 0.5), _picture((0.7, 0.7, 0.66), rng, 0.0), alpha)
    too_low = np.where(alpha < 1, 0.8 * alpha, 1).astype(np.float32)
    plate[alpha > 0.7] = _picture(brown, rng, 0.5)[alpha > 0.7]
    around = _around(plate, too_low)
    found = around.unmixed()
    darker = (found < 0.9 * around.fore).all(axis=1)
    assert darker.any()
    ratios = found[darker] / around.fore[darker]
    assert (ratios.min(axis=1) >= 0.79 * ratios.max(axis=1)).all()


def test_a_plate_handed_on_comes_out_clean_and_the_core_untouched(
    alpha: Image, rng: np.random.Generator
) -> None:
    """A tenth of what was wrong is left between 0.05 and 0.9, and the plate where alpha is 1."""
    fore, back = _picture(FORE, rng, 0.05), _picture(BACK, rng, 0.05)
    plate = _composite(fore, back, alpha)
    view = SEEN.view(plate)
    found = recover_foreground(plate, view, view, alpha, SEEN)
    band = (alpha > 0.05) & (alpha < 0.9)
    before, after = (np.abs(one - fore)[band].mean() for one in (plate, found))
    assert after < 0.1 * before
    np.testing.assert_array_equal(found[alpha == 1], plate[alpha == 1])
