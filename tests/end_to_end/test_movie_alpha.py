"""A movie's own alpha: ignored, and said so; or garbage on request."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from robust_matte.errors import InputError
from robust_matte.jobs.key import key
from robust_matte.jobs.progress import Event, Noted

_HEIGHT, _WIDTH = 48, 96


def _write(path: Path, *, has_alpha: bool) -> Path:
    """Write a grey movie whose left half is transparent."""
    layout = "yuva444p10le" if has_alpha else "yuv444p10le"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("prores_ks", rate=24, options={"alpha_bits": "16"})
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, layout
        for index in range(2):
            frame = av.VideoFrame(_WIDTH, _HEIGHT, layout)
            for at, plane in enumerate(frame.planes):
                codes = np.frombuffer(memoryview(plane), "<u2").reshape(plane.height, -1)
                codes[:] = 512
                if at == 3:
                    codes[:, : _WIDTH // 2], codes[:, _WIDTH // 2 :] = 0, 1023
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("choice", ["ignore", "garbage"])
def test_a_movies_alpha_is_garbage_on_request(
    choice: str, settings: Any, fake_model: Any, read_layers: Any, tmp_path: Path
) -> None:
    plate = _write(tmp_path / "take.mov", has_alpha=True)
    ones = np.ones((_HEIGHT, _WIDTH), np.float32)
    model = fake_model(lambda _: (np.full((_HEIGHT, _WIDTH, 3), 0.5, np.float32), ones))
    told: list[Event] = []
    job = settings(str(plate), source_alpha=choice, warm_up=0)
    key(job, told.append, open_model=model)
    notes = [event.text for event in told if isinstance(event, Noted)]
    said = "the alpha of take.mov is ignored; --source-alpha garbage heeds it"
    assert (said in notes) == (choice == "ignore")
    alpha = read_layers(2, name="take_matte")["A"]
    wanted = ones.copy()
    if choice == "garbage":
        wanted[:, : _WIDTH // 2] = 0
    np.testing.assert_array_equal(alpha, wanted)


def test_a_movie_without_alpha_cannot_be_asked_for_it(
    settings: Any, fake_model: Any, tmp_path: Path
) -> None:
    plate = _write(tmp_path / "take.mov", has_alpha=False)
    with pytest.raises(InputError, match=r"take.mov has no alpha that is read"):
        key(settings(str(plate), source_alpha="garbage"), open_model=fake_model(lambda _: None))
