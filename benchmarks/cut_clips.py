"""Clips to try a cut detector on: scenes with people, synthesised.

`cuts.py` beside this file measures detectors on them, `tests/unit/test_cuts.py` tests ours, with
other seeds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Rng = np.random.Generator

HEIGHT, WIDTH = 72, 128
CANVAS = (240, 480)
TAIL = 16
_Y, _X = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Display-referred frames, (72, 128, 3) float32 in [0, 1], and where shots start.

    `allowed` frames may be called cuts or not: the middle of a dissolve.
    """

    name: str
    frames: Sequence[Image]
    cuts: frozenset[int] = frozenset()
    allowed: frozenset[int] = frozenset()


def encode(linear: Image) -> Image:
    """Return sRGB R'G'B' of linear light, clipped to [0, 1]."""
    clipped = np.clip(linear, 0, 1)
    curve = 1.055 * np.maximum(clipped, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(clipped <= 0.0031308, 12.92 * clipped, curve).astype(np.float32)


def noise_map(rng: Rng, columns: int, size: tuple[int, int], channels: int = 1) -> Image:
    """Return smooth noise, (*size, channels): a coarse grid of [0, 1), enlarged bilinearly."""
    rows = -(-columns // 2)
    coarse = rng.random((rows + 1, columns + 1, channels), dtype=np.float32)
    y, x = np.linspace(0, rows - 1e-3, size[0]), np.linspace(0, columns - 1e-3, size[1])
    return bilinear(coarse, *np.meshgrid(y, x, indexing="ij"))


def bilinear(image: Image, y: NDArray[np.floating], x: NDArray[np.floating]) -> Image:
    """Return the image at fractional places inside it."""
    row, column = y.astype(np.intp), x.astype(np.intp)
    below, beside = (y - row)[..., None], (x - column)[..., None]
    top = image[row, column] * (1 - beside) + image[row, column + 1] * beside
    bottom = image[row + 1, column] * (1 - beside) + image[row + 1, column + 1] * beside
    return np.asarray(top * (1 - below) + bottom * below, np.float32)


class Scene:
    """A textured backdrop wider than the picture, and people before it; linear light."""

    def __init__(self, rng: Rng, people: int = 1, green: bool = False) -> None:
        self.backdrop = self._green(rng) if green else self._backdrop(rng)
        self.people = [self._person(rng) for _ in range(people)]
        self.drift = rng.normal(0, 0.0008, 2)

    @staticmethod
    def _green(rng: Rng) -> Image:
        shade = noise_map(rng, 3, CANVAS)
        return np.asarray((0.8 + 0.2 * shade) * np.array([0.05, 0.4, 0.08]), np.float32)

    @staticmethod
    def _backdrop(rng: Rng) -> Image:
        total = 0.8 * (noise_map(rng, 10, CANVAS, channels=3) - 0.5)
        for columns, share in ((6, 1.2), (14, 0.9), (40, 0.6), (110, 0.4)):
            total += share * (noise_map(rng, columns, CANVAS) - 0.5)
        for _ in range(rng.integers(5, 40)):  # furniture, windows, doors
            top, left = rng.integers(CANVAS[0]), rng.integers(CANVAS[1])
            high, wide = rng.integers(10, 110, 2)
            total[top : top + high, left : left + wide] += rng.normal(0, 0.5) + rng.normal(
                0, 0.15, 3
            )
        return np.asarray(rng.uniform(0.1, 0.4, 3) * np.exp(1.2 * total), np.float32).clip(0, 1.5)

    @staticmethod
    def _person(rng: Rng) -> dict[str, NDArray[np.floating]]:
        return {
            "place": np.array([rng.uniform(-0.5, 0.5), rng.uniform(0.4, 0.6)]),
            "size": np.array(rng.uniform(0.35, 0.6)),
            "shirt": rng.uniform(0.02, 0.7, 3),
            "skin": np.array([0.5, 0.32, 0.22]) * rng.uniform(0.3, 1.2),
            "hair": np.array([1, 0.8, 0.6]) * rng.uniform(0.01, 0.25),
            "stripes": np.array([rng.uniform(0, 0.6), rng.uniform(0.2, 0.7), rng.uniform(0, 3)]),
            "sway": np.array([rng.uniform(0, 0.02), rng.uniform(0, 6)]),
        }

    def at(self, t: float, x: float = 0, y: float = 0, zoom: float = 1) -> Image:
        """Return the picture at frame t, the camera turned by (x, y) of the picture's size."""
        scale = CANVAS[0] / 2 / HEIGHT / zoom
        row = CANVAS[0] / 2 + (_Y - HEIGHT / 2 + (y + self.drift[1] * t) * HEIGHT) * scale
        column = CANVAS[1] / 2 + (_X - WIDTH / 2 + (x + self.drift[0] * t) * WIDTH) * scale
        image = bilinear(self.backdrop, _folded(row, CANVAS[0]), _folded(column, CANVAS[1]))
        for person in self.people:
            image = _drawn(image, person, t, x, y, zoom)
        return image

    def blurred(self, t: float, start: tuple[float, float], end: tuple[float, float]) -> Image:
        """Return the picture while the camera turns from `start` to `end`."""
        way = [np.add(start, np.subtract(end, start) * part) for part in np.linspace(0, 1, 9)]
        return np.asarray(np.mean([self.at(t, *place) for place in way], axis=0), np.float32)


def _folded(place: NDArray[np.floating], size: int) -> NDArray[np.floating]:
    """Mirror places into [0, size - 1), so that a pan never runs out of backdrop."""
    last = size - 1.01
    return np.asarray(last - np.abs(last - place % (2 * last)))


def _drawn(
    image: Image, person: dict[str, NDArray[np.floating]], t: float, x: float, y: float, zoom: float
) -> Image:
    size = float(person["size"]) * zoom
    amount, phase = person["sway"]
    right = (
        float(person["place"][0]) + amount * np.sin(0.25 * t + phase) - x * WIDTH / HEIGHT
    ) * zoom
    down = 0.5 + (float(person["place"][1]) - 0.5 - y) * zoom
    across, along = (_X + 0.5 - WIDTH / 2) / HEIGHT - right, (_Y + 0.5) / HEIGHT - down
    depth, pitch, turn = person["stripes"]
    waves = np.sin(pitch * HEIGHT * (np.cos(turn) * across + np.sin(turn) * along) / zoom)
    shirt = person["shirt"] * (1 + depth * waves[..., None])
    parts = (
        (0.75, 0.5, 0.65, shirt),
        (-0.05, 0.24, 0.3, person["hair"]),
        (0, 0.2, 0.26, person["skin"]),
    )
    for offset, wide, high, colour in parts:
        inside = 1 - (across / (wide * size)) ** 2 - ((along - offset * size) / (high * size)) ** 2
        cover = np.clip(inside * wide * size * HEIGHT / 2 + 0.5, 0, 1)[..., None]
        image = np.asarray(image * (1 - cover) + cover * colour, np.float32)
    return image


Made = tuple[list[Image], set[int], set[int]]  # linear frames, cuts, allowed


def lit(light: Callable[[int, Rng], float | Image], rng: Rng, lead: int) -> Made:
    """One shot under changing light; `light` gets the frame counted from the event."""
    scene, seed = Scene(rng), int(rng.integers(2**31))
    frames = [
        scene.at(t) * light(t - lead, np.random.default_rng(seed)) for t in range(lead + TAIL)
    ]
    return frames, set(), set()


def lamp(event: int, gain: float, hard: bool, rng: Rng) -> float | Image:
    """Return the light with a lamp on that reaches a part of the picture."""
    if event < 0:
        return 1.0
    if not hard:
        return 1 + (gain - 1) * noise_map(rng, 3, (HEIGHT, WIDTH))
    turn = rng.uniform(0, 3)
    edge = np.cos(turn) * (_X - WIDTH / 2) + np.sin(turn) * (_Y - HEIGHT / 2)
    return np.asarray(1 + (gain - 1) * (edge > 0)[..., None], np.float32)


def turned(places: Callable[[int, Rng], tuple[float, float]], rng: Rng, lead: int) -> Made:
    """One shot from a moving camera, shutter open half of the time."""
    scene = Scene(rng, people=int(rng.integers(3)))
    way = np.array([places(t - lead, rng) for t in range(-1, lead + TAIL)])
    frames = [
        scene.blurred(t, (way[t] + way[t + 1]) / 2, way[t + 1])
        if np.any(way[t] != way[t + 1])
        else scene.at(t, *way[t + 1])
        for t in range(lead + TAIL)
    ]
    return frames, set(), set()


def whip(speed: float, frames: int, event: int, _rng: Rng) -> tuple[float, float]:
    """A pan that starts and stops at once, `speed` of the width per frame."""
    return speed * min(max(event + 1, 0), frames), 0.0


def shake(amount: float, event: int, rng: Rng) -> tuple[float, float]:
    """A camera that is hit at the event and shakes from then on."""
    return (rng.normal(0, amount), rng.normal(0, amount)) if event >= 0 else (0.0, 0.0)


def joined(
    shots: Sequence[int], rng: Rng, lead: int, gains: Sequence[float] = (), green: bool = False
) -> Made:
    """Shots of different scenes, of `shots` frames each between a first and a last one."""
    lengths = [lead, *shots, TAIL]
    starts = np.cumsum([0, *lengths])
    frames = []
    for length, start, gain in zip(lengths, starts, [*gains] or [1.0] * len(lengths), strict=False):
        scene = Scene(rng, people=1 if green else int(rng.integers(3)), green=green)
        frames += [scene.at(t) * gain for t in range(start, start + length)]
    return frames, set(starts[1:-1].tolist()), set()


def jumped(change: Callable[[Scene, Rng], dict[str, float]], rng: Rng, lead: int) -> Made:
    """Two takes of one scene; `change` alters it in place and returns the camera's new place."""
    scene = Scene(rng)
    scene.people[0]["size"] = np.array(0.6)
    scene.people[0]["place"] = np.array([-0.3, 0.45])
    frames = [scene.at(t) for t in range(lead)]
    camera = change(scene, rng)
    frames += [scene.at(t, **camera) for t in range(lead, lead + TAIL)]
    return frames, {lead}, set()


def step_aside(scene: Scene, _rng: Rng) -> dict[str, float]:
    """The person stands elsewhere."""
    scene.people[0]["place"] = scene.people[0]["place"] + np.array([0.5, 0.08])
    return {}


def replace_person(scene: Scene, rng: Rng) -> dict[str, float]:
    """Someone else stands in the same place."""
    kept = {name: scene.people[0][name] for name in ("size", "place")}
    scene.people[0] = Scene(rng).people[0] | kept
    return {}


def punch_in(_scene: Scene, _rng: Rng) -> dict[str, float]:
    """The camera moves in."""
    return {"zoom": 1.5, "x": 0.05, "y": 0.02}


def same_framing(rng: Rng, lead: int) -> Made:
    """Two scenes, someone in the same place in both."""
    first, second = Scene(rng), Scene(rng)
    for name in ("size", "place"):
        second.people[0][name] = first.people[0][name]
    shots = [(first if t < lead else second).at(t) for t in range(lead + TAIL)]
    return shots, {lead}, set()


def flashed(offset: int, rng: Rng, lead: int) -> Made:
    """A cut with a flash near it."""
    frames, cuts, allowed = joined((), rng, lead)
    frames[lead + offset] = frames[lead + offset] * 4
    return frames, cuts, allowed


def panned(speed: float, rng: Rng, lead: int) -> Made:
    """A cut between two pans."""
    scenes = Scene(rng), Scene(rng)
    way = [(speed * (t - lead), 0.0) for t in range(-1, lead + TAIL)]
    pairs = [((way[t][0] + way[t + 1][0]) / 2, way[t + 1][0]) for t in range(lead + TAIL)]
    frames = [
        scenes[t >= lead].blurred(t, (start, 0.0), (end, 0.0))
        for t, (start, end) in enumerate(pairs)
    ]
    return frames, {lead}, set()


def crossed(speed: float, rng: Rng, lead: int) -> Made:
    """Somebody walks past, close to the lens."""
    scene, near = Scene(rng), Scene(rng).people[0]
    near["size"], near["stripes"] = np.array(1.3), near["stripes"] * 0.3
    frames = []
    for t in range(lead + TAIL):
        near["place"] = np.array([-1.6 + speed * (t - lead) * WIDTH / HEIGHT, 0.35])
        frames.append(_drawn(scene.at(t), near, t, 0, 0, 1))
    return frames, set(), set()


def dissolved(length: int, rng: Rng, lead: int) -> Made:
    """One scene turns into another; no cut is asked for."""
    first, second = Scene(rng), Scene(rng)
    parts = np.clip((np.arange(lead + TAIL) - lead + 1) / length, 0, 1)
    frames = [first.at(t) * (1 - part) + second.at(t) * part for t, part in enumerate(parts)]
    return frames, set(), set(range(lead, lead + length))


def through(level: float, gap: int, rng: Rng, lead: int) -> Made:
    """A cut with frames of black or white between; the first of them may count as a cut."""
    frames, _, _ = joined((gap,), rng, lead)
    frames[lead : lead + gap] = [np.full_like(frames[0], level)] * gap
    return frames, {lead + gap}, {lead}


def intruded(length: int, rng: Rng, lead: int) -> Made:
    """A few frames of another picture in a shot; one or two are a glitch and no cut."""
    first, second = Scene(rng), Scene(rng)
    frames = [(second if 0 <= t - lead < length else first).at(t) for t in range(lead + TAIL)]
    return frames, {lead, lead + length} if length > 2 else set(), set()


def followed(hold: int, green: bool, rng: Rng, lead: int) -> Made:
    """The camera goes along with somebody, every picture held for `hold` frames."""
    scene = Scene(rng, green=green)
    scene.drift = np.array([0.02, 0.0])
    return [scene.at(t // hold * hold) for t in range(lead + TAIL)], set(), set()


def early(at: int, rng: Rng, lead: int) -> Made:
    """A cut `at` frames after the first, or before the end."""
    frames, cuts, _ = joined((), rng, lead)
    return (frames[lead - at :], {at}, set()) if at > 0 else (frames[: lead - at], cuts, set())


def _every(gain: float, period: int, event: int, _rng: Rng) -> float:
    return gain if event // period % 2 else 1.0


def _during(gain: float, length: int, event: int, _rng: Rng) -> float:
    return gain if 0 <= event < length else 1.0


def _from(gain: float, level: float, event: int, _rng: Rng) -> float:
    return level * (gain if event >= 0 else 1.0)


def _strobe_beam(event: int, rng: Rng) -> float | Image:
    return 0.4 * lamp(event // 2 % 2 - 1, 8, False, rng)


CASES: dict[str, Callable[[Rng, int], Made]] = {
    "still": partial(lit, lambda _event, _rng: 1.0),
    "dark and still": partial(lit, lambda _event, _rng: 0.04),
    **{
        f"strobe x{gain}, {n} frames": partial(lit, partial(_every, gain, n))
        for gain in (0.2, 3, 8)
        for n in (1, 2, 3, 5)
    },
    **{f"strobe to black, {n} frames": partial(lit, partial(_every, 0, n)) for n in (1, 2, 3)},
    "strobe from one side": partial(lit, _strobe_beam),
    **{
        f"flash x{gain}, {n} frames": partial(lit, partial(_during, gain, n))
        for gain in (4, 1000)
        for n in (1, 2)
    },
    **{
        f"whip-pan {speed}, {n} frames": partial(turned, partial(whip, speed, n))
        for speed in (0.08, 0.15, 0.3, 0.6)
        for n in (3, 6)
    },
    "pan that eases": partial(turned, lambda event, _rng: (float(np.tanh(event / 3)), 0.0)),
    **{f"shake {amount}": partial(turned, partial(shake, amount)) for amount in (0.01, 0.03, 0.06)},
    "bump that stays": partial(
        turned, lambda event, _rng: (0.05 * (event >= 0), 0.04 * (event >= 0))
    ),
    "lights off": partial(lit, partial(_from, 0.15, 1.0)),
    "lights on": partial(lit, partial(_from, 8, 0.12)),
    "lamp on": partial(lit, lambda event, rng: 0.3 * lamp(event, 5, False, rng)),
    "lamp on, hard edge": partial(lit, lambda event, rng: 0.3 * lamp(event, 4, True, rng)),
    "lights fade up": partial(lit, lambda event, _rng: 0.15 + 0.85 * min(max(event / 6, 0), 1)),
    "exposure ramp": partial(lit, lambda event, _rng: 2 ** (event / 5)),
    "fade to black and back": partial(
        lit, lambda event, _rng: min(max(abs(event) / 6 - 0.3, 0), 1)
    ),
    **{f"dissolve, {n} frames": partial(dissolved, n) for n in (6, 12)},
    **{f"someone passes close {speed}": partial(crossed, speed) for speed in (0.08, 0.15, 0.3)},
    "along with somebody, green": partial(followed, 1, True),
    "along with somebody, on twos": partial(followed, 2, False),
    "glitch, 1 frames": partial(intruded, 1),
    "glitch, 2 frames": partial(intruded, 2),
    "CUT": partial(joined, ()),
    "CUT, dark 3 %": partial(joined, (), gains=(0.03, 0.03)),
    "CUT, dark 6 %": partial(joined, (), gains=(0.06, 0.06)),
    "CUT, dark to bright": partial(joined, (), gains=(0.05, 1)),
    **{f"CUT, {n} frames apart": partial(joined, (n, n, n)) for n in (2, 3, 4)},
    "CUT, 4 frames in a shot": partial(intruded, 4),
    "CUT, jump of a person": partial(jumped, step_aside),
    "CUT, another person": partial(jumped, replace_person),
    "CUT, punch-in": partial(jumped, punch_in),
    "CUT, same framing": same_framing,
    "CUT, green screen": partial(joined, (), green=True),
    **{f"CUT, flash {n:+d}": partial(flashed, n) for n in (-2, -1, 1, 2)},
    "CUT, white frame between": partial(through, 1.0, 1),
    "CUT, black between": partial(through, 0.0, 5),
    "CUT at the second frame": partial(early, 1),
    "CUT at the third frame": partial(early, 2),
    "CUT at the last but one": partial(early, -2),
    "CUT at the last frame": partial(early, -1),
    "CUT between pans": partial(panned, 0.03),
}


def make_clip(name: str, seed: int, lead: int = 20) -> Clip:
    """Synthesise one clip.

    Args:
        name: A key of CASES.
        seed: Another number is another scene.
        lead: Frames before the event; PySceneDetect's defaults want more than 15.
    """
    rng = np.random.default_rng([seed, *name.encode()])
    linear, cuts, allowed = CASES[name](rng, lead)
    frames = [
        np.clip(encode(f) + 0.003 * rng.standard_normal(f.shape, np.float32), 0, 1) for f in linear
    ]
    return Clip(name, frames, frozenset(cuts), frozenset(allowed))
