"""The background's colour out of the soft edge, against known foregrounds; nothing else changes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.keying.despill import despill
from robust_matte.settings.choices import Despill

Image = NDArray[np.float32]
HEIGHT, WIDTH = 48, 64
LUMA = np.array([0.2126, 0.7152, 0.0722])
HAIR, BLOND, GREY = (0.12, 0.08, 0.05), (0.50, 0.40, 0.15), (0.20, 0.20, 0.20)
SCREENS = {
    Despill.GREEN: (0.03, 0.45, 0.06),
    Despill.BLUE: (0.03, 0.08, 0.50),
    Despill.BACKGROUND: (0.85, 0.55, 0.30),
}
ACTIVE = list(SCREENS)


@pytest.fixture
def alpha() -> Image:
    ramp = np.clip((40 - np.arange(WIDTH) + 0.5) / 16, 0, 1)
    return np.broadcast_to(ramp, (HEIGHT, WIDTH)).astype(np.float32)


def _lit(colour: tuple[float, ...], rng: np.random.Generator, grain: float = 0.1) -> Image:
    light = np.broadcast_to(np.array(colour), (HEIGHT, WIDTH, 3))
    return np.asarray(light * rng.normal(1, grain, (HEIGHT, WIDTH, 1)), np.float32)


def _spilled(fore: Image, back: Image, alpha: Image, share: float) -> tuple[Image, Image]:
    """The plate, and the foreground with a share of the plate's background left in it."""
    cover = alpha[..., None]
    plate = fore * cover + back * (1 - cover)
    return plate.astype(np.float32), (fore + share * (plate - fore)).astype(np.float32)


@pytest.mark.parametrize("wish", Despill)
@pytest.mark.parametrize("odd", [5.0, -0.2, np.inf, np.nan])
def test_outside_of_the_band_every_bit_stays(
    wish: Despill, odd: float, alpha: Image, rng: np.random.Generator
) -> None:
    back = _lit(SCREENS.get(wish, HAIR), rng)
    plate, fore = _spilled(_lit(HAIR, rng), back, alpha, 0.5)
    plate[::5, ::3] = fore[::5, ::3] = odd
    before = fore.copy()
    found = despill(fore, plate, alpha, wish, 1.0)
    np.testing.assert_array_equal(fore, before)
    is_plain = (alpha == 0.0) | (alpha == 1.0)
    np.testing.assert_array_equal(found[is_plain].view(np.uint32), fore[is_plain].view(np.uint32))
    changed = (found != fore) & np.isfinite(fore)
    assert changed.any() == (wish is not Despill.NONE)
    bad = ~np.isfinite(fore)
    np.testing.assert_array_equal(found[bad].view(np.uint32), fore[bad].view(np.uint32))


@pytest.mark.parametrize(
    ("wish", "hair"),
    [
        pytest.param(Despill.GREEN, HAIR, id="green in brown hair"),
        pytest.param(Despill.GREEN, GREY, id="green in grey hair"),
        pytest.param(Despill.BLUE, HAIR, id="blue in brown hair"),
        pytest.param(Despill.BLUE, GREY, id="blue in grey hair"),
        pytest.param(Despill.BACKGROUND, HAIR, id="a sunset in brown hair"),
        pytest.param(Despill.BACKGROUND, GREY, id="a sunset in grey hair"),
    ],
)
def test_spill_falls_against_the_truth(
    wish: Despill, hair: tuple[float, ...], alpha: Image, rng: np.random.Generator
) -> None:
    """To three quarters at least, of the light that reaches the picture; and no darker line."""
    truth, back = _lit(hair, rng), _lit(SCREENS[wish], rng, 0.05)
    plate, spilled = _spilled(truth, back, alpha, 0.5)
    found = despill(spilled, plate, alpha, wish, 1.0)
    band = (alpha > 0.05) & (alpha < 0.95)
    cover = alpha[band][:, None]
    before, after = (np.abs((one[band] - truth[band]) * cover).mean() for one in (spilled, found))
    assert after < 0.75 * before
    brightness = (found[band] * cover).mean(axis=0) @ LUMA
    assert brightness > 0.85 * (truth[band] * cover).mean(axis=0) @ LUMA


@pytest.mark.parametrize("wish", [Despill.GREEN, Despill.BLUE])
def test_screens_limit_their_channel_and_leave_what_has_no_spill(
    wish: Despill, alpha: Image
) -> None:
    channel = {Despill.GREEN: 1, Despill.BLUE: 2}[wish]
    colours = np.array([GREY, (0.6, 0.37, 0.27), BLOND, (1.5, 1.5, 1.5)], np.float32)
    clean = np.broadcast_to(colours[:, None], (4, WIDTH, 3)).copy()
    found = despill(clean, clean, alpha[:4], wish, 1.0)
    np.testing.assert_array_equal(found, clean)
    spilled = clean.copy()
    spilled[..., channel] += 0.3
    half = np.full((4, WIDTH), 0.5, np.float32)
    found = despill(spilled, clean, half, wish, 1.0)
    others = found[..., [at for at in range(3) if at != channel]]
    limit = 0.5 * (others.mean(axis=2) + others.max(axis=2))
    assert (found[..., channel] <= limit * (1 + 1e-5)).all()
    np.testing.assert_allclose(found[0, :, channel], limit[0], rtol=1e-5)
    assert (found @ LUMA <= spilled @ LUMA + 1e-6).all()


@pytest.mark.parametrize("wish", ACTIVE)
def test_it_vanishes_towards_the_core(wish: Despill, rng: np.random.Generator) -> None:
    ramp = np.concatenate([np.zeros(16), np.linspace(0.8, 1, 32), np.ones(16)])
    alpha = np.broadcast_to(ramp, (HEIGHT, WIDTH)).astype(np.float32)
    nearly = [(alpha > low) & (alpha < high) for low, high in ((0.9, 0.95), (0.985, 1.0))]
    plate, fore = _spilled(_lit(HAIR, rng, 0.0), _lit(SCREENS[wish], rng, 0.0), alpha, 1.0)
    fore[:] = np.array(SCREENS[wish], np.float32)  # as wrong as can be, everywhere
    found = despill(fore, plate, alpha, wish, 1.0)
    most, least = (np.abs(found - fore)[here].mean() for here in nearly)
    assert least < 0.2 * most


@pytest.mark.parametrize("wish", ACTIVE)
def test_a_mere_trace_keeps_its_colour(
    wish: Despill, alpha: Image, rng: np.random.Generator
) -> None:
    """A network that leaves 0.01 all over the background shall not paint it in the layer."""
    plate, spilled = _spilled(_lit(HAIR, rng), _lit(SCREENS[wish], rng, 0.05), alpha, 0.5)
    traces = (alpha > 0.0) & (alpha < 0.2)
    changes = []
    for trace in (0.01, 0.02, 0.03):
        cover = np.where(traces, np.float32(trace), alpha)
        changes.append(np.abs(despill(spilled, plate, cover, wish, 1.0) - spilled)[traces].mean())
    assert changes[0] == 0.0
    assert changes[1] == pytest.approx(0.5 * changes[2], rel=0.1)


def test_a_background_like_the_foreground_changes_nothing(
    alpha: Image, rng: np.random.Generator
) -> None:
    plate, fore = _spilled(_lit(HAIR, rng, 0.3), _lit(HAIR, rng, 0.3), alpha, 0.5)
    np.testing.assert_array_equal(despill(fore, plate, alpha, Despill.BACKGROUND, 1.0), fore)


def test_without_a_background_there_is_nothing_to_take_out(rng: np.random.Generator) -> None:
    fore = _lit(HAIR, rng)
    alpha = np.full((HEIGHT, WIDTH), 0.5, np.float32)
    assert despill(fore, fore, alpha, Despill.BACKGROUND, 1.0) is fore
