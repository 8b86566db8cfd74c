"""What hosts are shown: short enough to be read, and for a line."""

import pytest

from robust_matte.worker.events import BakeManifest, Done, event_line
from robust_matte.worker.texts import some_texts

LONGEST = 1 << 20  # bytes of a line


def manifest(texts: tuple[str, ...]) -> BakeManifest:
    return BakeManifest(
        outputs={"rgba": "/out/a.####.exr"},
        frames="1-9",
        written=9,
        kept=0,
        held=0,
        black=0,
        segments=1,
        model="draft",
        weights="0" * 64,
        job_folder="/out/a.robust_matte",
        approximate=False,
        warnings=texts,
        notes=texts,
        seconds=1.0,
    )


@pytest.mark.parametrize("letter", ["a", "é", "\U0001f600", "\udce9", '"', "\n"])
def test_any_warnings_fit_into_a_line(letter: str) -> None:
    texts = some_texts([letter * 5000] * 1000)
    assert len(event_line(Done(id="1", manifest=manifest(texts)))) < LONGEST
    assert texts[-1] == f"and {1001 - len(texts)} more"
    assert texts[0].startswith(ascii(letter).strip("'") if letter == "\udce9" else letter)


def test_a_few_are_all_there() -> None:
    assert some_texts(["one", "two"]) == ("one", "two")
    assert some_texts([]) == ()
    assert some_texts(["a"] * 200) == ("a",) * 200
    assert some_texts(["a"] * 201) == (*("a",) * 200, "and 1 more")
