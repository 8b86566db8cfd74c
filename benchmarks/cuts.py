"""Cut detection against PySceneDetect: missed and false cuts per kind of clip.

Usage: python benchmarks/cuts.py [MEDIA_DIR] [--seeds 701-706] [--ours]

With MEDIA_DIR also `clips/interview.mp4` and what is spliced from it and from the photographs in
`training/people`. The other detectors need `pip install scenedetect opencv-python-headless`, in an
environment of their own, since OpenCV changes its environment; `--ours` goes without.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robust_matte.keying.cuts import detect_cuts, signature

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script sees its own folder only

from benchmarks.cut_clips import CASES, Clip, Image, encode, make_clip


def media_clips(media: Path) -> Iterator[Clip]:
    """The interview, with its one real cut, and splices of it and of photographs."""
    take = decode(media / "clips" / "interview.mp4")
    real = 65
    yield Clip("interview.mp4", take, frozenset({real}))
    yield Clip("interview, lights off", [*take[:30], *[f * 0.4 for f in take[30:60]]])
    yield Clip("interview, strobe", [f * (0.4, 1.0)[k % 2] for k, f in enumerate(take[:60])])
    yield Clip(
        "interview CUT to mirrored",
        [*take[:30], *[f[:, ::-1] for f in take[30:60]]],
        frozenset({30}),
    )
    yield Clip(
        "interview CUT to close-up",
        [*take[:30], *[enlarge(f) for f in take[30:60]]],
        frozenset({30}),
    )
    dark = [
        encode(np.float32(0.04) * decode_light(f))
        for f in (*take[:30], *[enlarge(f) for f in take[30:60]])
    ]
    yield Clip("interview CUT, 4 %", dark, frozenset({30}))
    photographs = sorted((media / "training" / "people").glob("*.jpg"))[::24]
    stills = [photograph(path) for path in photographs for _ in range(4)]
    cuts = frozenset(range(20, 20 + len(stills) + 1, 4))
    yield Clip("photographs CUT, 4 frames apart", [*take[:20], *stills, *take[20:40]], cuts)


def decode(path: Path) -> list[Image]:
    """Return a movie's frames at 256x144."""
    import av

    with av.open(str(path)) as movie:
        frames = [
            frame.to_ndarray(width=256, height=144, format="rgb24", interpolation="AREA")
            for frame in movie.decode(video=0)
        ]
    return [np.asarray(frame / 255, np.float32) for frame in frames]


def decode_light(encoded: Image) -> Image:
    """Return linear light of sRGB R'G'B'."""
    curve = ((encoded + np.float32(0.055)) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, encoded / 12.92, curve).astype(np.float32)


def enlarge(frame: Image) -> Image:
    """Return the right half of the middle at twice the size."""
    height, width = frame.shape[:2]
    part = frame[height // 4 : height // 4 + height // 2, width // 2 :]
    return part.repeat(2, axis=0).repeat(2, axis=1)


def photograph(path: Path) -> Image:
    """Return a photograph squeezed to 256x144, R'G'B'."""
    import OpenImageIO as oiio

    small = oiio.ImageBufAlgo.resize(oiio.ImageBuf(str(path)), roi=oiio.ROI(0, 256, 0, 144))
    pixels = np.asarray(small.get_pixels(oiio.FLOAT), np.float32)
    return np.clip(pixels[..., [0, 1, 2] if pixels.shape[2] >= 3 else [0, 0, 0]], 0, 1)


Detector = Callable[[Sequence[Image]], set[int]]


def our_cuts(frames: Sequence[Image]) -> set[int]:
    """Run Robust Matte's detector."""
    decisions = detect_cuts((number, signature(frame)) for number, frame in enumerate(frames))
    return {decision.number for decision in decisions if decision.is_cut}


def scenedetect_detectors() -> dict[str, Detector]:
    """Return PySceneDetect's detectors, or stop with what to install."""
    try:
        scenedetect = importlib.import_module("scenedetect")
    except ImportError as error:
        raise SystemExit(
            f"{error}. Run: pip install scenedetect opencv-python-headless (or use --ours)"
        ) from error

    def run(kind: str, options: dict[str, int], frames: Sequence[Image]) -> set[int]:
        detector = getattr(scenedetect, kind)(**options)
        stamps = [scenedetect.FrameTimecode(k, fps=24.0) for k in range(len(frames))]
        found = []
        for stamp, frame in zip(stamps, frames, strict=True):
            codes = np.ascontiguousarray((frame[..., ::-1] * 255 + 0.5).astype(np.uint8))
            found += detector.process_frame(stamp, codes)
        found += detector.post_process(stamps[-1])
        return {int(stamp.frame_num) for stamp in found}

    return {
        f"{kind[:-8]}{', min_scene_len 1' if options else ''}": partial(run, kind, options)
        for kind in ("AdaptiveDetector", "ContentDetector")
        for options in ({}, {"min_scene_len": 1})
    }


def measure(clips: Iterator[Clip], detectors: dict[str, Detector]) -> dict[str, NDArray[np.int_]]:
    """Return clips, cuts, then missed and false of each detector, per kind of clip."""
    rows: dict[str, NDArray[np.int_]] = {}
    for clip in clips:
        counts = [1, len(clip.cuts)]
        for detect in detectors.values():
            found = detect(clip.frames)
            counts += [len(clip.cuts - found), len(found - clip.cuts - clip.allowed)]
        rows[clip.name] = rows.get(clip.name, np.zeros(len(counts), np.int_)) + np.array(counts)
    rows["all"] = np.sum(list(rows.values()), axis=0)
    return rows


def print_table(rows: dict[str, NDArray[np.int_]], detectors: dict[str, Detector]) -> None:
    """Print missed / false cuts, as markdown."""
    print("Missed / false:\n")
    print("| clip | clips | cuts |", " | ".join(detectors), "|")
    print("|---" * (3 + len(detectors)) + "|")
    for name, row in rows.items():
        pairs = [f"{missed} / {false}" for missed, false in row[2:].reshape(-1, 2)]
        print(f"| {name} | {row[0]} | {row[1]} |", " | ".join(pairs), "|")


def print_scores(clips: Iterator[Clip]) -> None:
    """Print how far apart the scores of cuts and of other frames lie."""
    scores: tuple[list[float], list[float]] = ([], [])
    for clip in clips:
        for decision in detect_cuts((k, signature(f)) for k, f in enumerate(clip.frames)):
            if decision.number not in clip.allowed:
                scores[decision.number in clip.cuts].append(decision.score)
    other, cut = np.quantile(scores[0], [0.5, 0.95, 0.99]), np.quantile(scores[1], [0, 0.05, 0.5])
    print(f"\nScores of cuts: least {cut[0]:.2f}, 5 % {cut[1]:.2f}, median {cut[2]:.2f};", end=" ")
    print(f"of others: median {other[0]:.2f}, 95 % {other[1]:.2f}, 99 % {other[2]:.2f}.")


def print_speed() -> None:
    """Print the time for one frame."""
    view = np.random.default_rng(0).random((1080, 1920, 3), np.float32)
    start = time.perf_counter()
    signs = [signature(view) for _ in range(20)]
    middle = time.perf_counter()
    detect_cuts(enumerate(signs))
    end = time.perf_counter()
    print(f"\nSignature of 1920x1080 {(middle - start) * 50:.1f} ms,", end=" ")
    print(f"decision {(end - middle) * 50:.2f} ms a frame.")


def main(arguments: Sequence[str]) -> int:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("media", nargs="?", type=Path, help="folder with clips/interview.mp4")
    parser.add_argument("--seeds", default="701-706", help="first and last seed, %(default)s")
    parser.add_argument("--ours", action="store_true", help="without PySceneDetect")
    options = parser.parse_args(arguments)
    first, last = (int(part) for part in options.seeds.split("-"))
    detectors = {"ours": our_cuts} | ({} if options.ours else scenedetect_detectors())

    def clips() -> Iterator[Clip]:
        yield from (make_clip(name, seed) for name in CASES for seed in range(first, last + 1))
        yield from media_clips(options.media) if options.media else ()

    print_table(measure(clips(), detectors), detectors)
    print_scores(clips())
    print_speed()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
