"""What a configuration may say, and what is said of one that says something else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from robust_matte_rvm.errors import TrainConfigError
from robust_matte_rvm.training.config import StageConfig, TrainConfig, ValidationConfig
from robust_matte_rvm.training.config_file import read_config
from robust_matte_rvm.training.schedule import learning_rate

PLAIN = """
seed = 3
start = "weights.pth"
[data.people]
kind = "mattes"
folder = "people"
backgrounds = "/backs"
[[stages]]
name = "one"
steps = 10
batch = 2
size = [64, 96]
rate = 0.001
data = {people = 1.0}
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a configuration, beside weights that it may name."""
    (tmp_path / "weights.pth").touch()

    def write(text: str) -> Path:
        path = tmp_path / "run.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_relative_paths_begin_beside_the_file(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(PLAIN)
    monkeypatch.chdir(tmp_path)
    config = read_config(Path("run.toml"))
    assert config.start == tmp_path / "weights.pth"
    assert config.data["people"].folder == tmp_path / "people"
    assert config.data["people"].model_dump()["backgrounds"] == Path("/backs")


@pytest.mark.parametrize(
    ("old", "new", "what", "hint"),
    [
        pytest.param("seed = 3", "seed 3", "is not TOML: ", "that line", id="no TOML"),
        pytest.param("seed", "sede", "has sede, which is not known.", "seed looks", id="slip"),
        pytest.param(
            "kind",
            "colour = 1\nkind",
            "has data.people.colour, which is not known.",
            "",
            id="extra",
        ),
        pytest.param("steps", "step", "has stages[1].step, which", "steps looks", id="both"),
        pytest.param("steps = 10", "", "lacks stages[1].steps.", "docs", id="missing"),
        pytest.param('kind = "mattes"', "", "lacks data.people.kind.", '"mattes"', id="no kind"),
        pytest.param(
            '"mattes"', '"clips"', 'data.people.kind cannot be "clips".', '"mattes"', id="kind"
        ),
        pytest.param("10", "0", "stages[1].steps cannot be 0.", "from 1 up", id="too small"),
        pytest.param("10", '"10k"', 'stages[1].steps cannot be "10k".', "whole", id="text"),
        pytest.param("[64, 96]", "[64, 8]", "stages[1].size[2] cannot be 8.", "16 up", id="side"),
        pytest.param("[64, 96]", "64", "stages[1].size cannot be 64.", "a list", id="no list"),
        pytest.param("rate = 0.001", "rate = nan", "rate cannot be nan.", "number", id="nan"),
        pytest.param(
            "seed = 3", 'variant = "vit"', 'variant cannot be "vit".', '"draft"', id="variant"
        ),
        pytest.param("{people = 1.0}", "{}", "stages[1].data cannot be {}.", "1", id="no data"),
        pytest.param(
            "{people = 1.0}",
            "{dogs = 1.0}",
            "the stage one names the data set dogs, which is not there.",
            "[data.dogs]",
            id="unknown data",
        ),
        pytest.param(
            "{people = 1.0}", "{people = 0}", "the shares of the stage one are all 0.", "", id="0"
        ),
        pytest.param(
            "seed = 3",
            "validation = {data = {dogs = 1.0}}",
            "validation names the data set dogs, which is not there.",
            "people",
            id="unknown data to validate on",
        ),
        pytest.param(
            "rate =",
            'order = ["main", "masks"]\nrate =',
            "the order of the stage one names the pass masks, which is not there.",
            "main",
            id="unknown pass",
        ),
        pytest.param(
            "rate =",
            "passes.masks = {batch = 1, size = [64, 64], data = {people = 1.0}}\nrate =",
            "the stage one has a pass masks, which its order does not name.",
            'order = ["main", "masks"]',
            id="pass without order",
        ),
        pytest.param(
            "rate =",
            "smallest = [96, 96]\nrate =",
            "smallest of the stage one is [96, 96], above its size, [64, 96].",
            "no greater",
            id="smallest",
        ),
        pytest.param(
            'folder = "people"',
            'folder = "people"\nwidest = 0.4',
            "closest of the data set people is 0.5, above its widest, 0.4.",
            "1.1",
            id="widest",
        ),
        pytest.param(
            '"one"', '"a/b"', 'stages[1].name cannot be "a/b".', "Write letters,", id="name"
        ),
        pytest.param("rate =", "view = inf\nrate =", "view cannot be inf.", "number", id="inf"),
        pytest.param(
            "rate =", "view = 8\nrate =", "the view of the stage one is 8 pixels.", "16", id="view"
        ),
        pytest.param(
            "rate =", "view = 0.2\nrate =", "the stage one is 12.8 pixels.", "16", id="share"
        ),
        pytest.param(
            "weights.pth", "gone.pth", "gone.pth, where no file is.", "begin at", id="start"
        ),
        pytest.param(
            "rate =",
            "features = 1.0\nrate =",
            "the stage one learns features of a teacher, and none is named.",
            "teacher = ",
            id="no teacher",
        ),
    ],
)
def test_a_fault_is_named_with_its_place_and_the_way_out(
    write: Write, old: str, new: str, what: str, hint: str
) -> None:
    assert PLAIN.count(old) == 1
    path = write(PLAIN.replace(old, new))
    with pytest.raises(TrainConfigError) as caught:
        read_config(path)
    assert str(path) in caught.value.what
    assert what in caught.value.what
    assert hint in caught.value.hint
    assert caught.value.hint.endswith(".")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        pytest.param("gone.toml", "gone.toml cannot be read: No such file", id="missing"),
        pytest.param(".", "cannot be read: Is a directory", id="a folder"),
    ],
)
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str, what: str) -> None:
    with pytest.raises(TrainConfigError) as caught:
        read_config(tmp_path / name)
    assert what in caught.value.what


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_bytes(b'[data."caf\xe9"]')
    with pytest.raises(TrainConfigError, match="is not UTF-8"):
        read_config(tmp_path / "run.toml")


# --- the documented configurations


@pytest.mark.parametrize("name", ["finetune", "paper"])
def test_a_documented_configuration_is_read(root: Path, tmp_path: Path, name: str) -> None:
    example = root / "docs" / "examples" / f"{name}.toml"
    copy = tmp_path / example.name
    copy.write_bytes(example.read_bytes())
    for weights in ("rvm_mobilenetv3.pth", "backbone.safetensors"):
        (tmp_path / weights).touch()
    config = read_config(copy)
    assert {stage.objective for stage in config.stages} == {"matting"}
    assert any(stage.find_pass(one).view for stage in config.stages for one in stage.order)
    assert f"examples/{name}.toml" in (root / "docs" / "training.md").read_text("utf-8")


def test_the_papers_schedule_is_the_papers(root: Path, tmp_path: Path) -> None:
    (tmp_path / "backbone.safetensors").touch()
    copy = tmp_path / "paper.toml"
    copy.write_bytes((root / "docs" / "examples" / "paper.toml").read_bytes())
    stages = read_config(copy).stages
    assert [stage.frames for stage in stages] == [15, 50, 40, 40]
    assert [learning_rate(stage, 0, "backbone") for stage in stages] == [1e-4, 5e-5, 1e-5, 1e-5]
    assert [learning_rate(stage, 9, "decoder") for stage in stages] == [2e-4, 1e-4, 1e-5, 5e-5]
    assert [learning_rate(stage, 9, "refiner") for stage in stages[2:]] == [2e-4, 2e-4]
    for stage in stages:
        assert (stage.smallest, stage.size, stage.view) == ((256, 256), (512, 512), None)
        masked = [stage.find_pass(name) for name in stage.order]
        assert [one.frames for one in masked if one.objective == "segmentation"] == [
            1,
            stage.frames,
        ]
    for stage in stages[2:]:
        high = stage.passes["high"]
        assert (high.frames, high.smallest, high.size, high.view) == (
            6,
            (1024, 1024),
            (2048, 2048),
            0.25,
        )


def test_every_key_is_explained(root: Path) -> None:
    page = (root / "docs" / "training.md").read_text("utf-8")
    keys = {
        name for one in (TrainConfig, StageConfig, ValidationConfig) for name in one.model_fields
    }
    assert [key for key in sorted(keys) if f"`{key}`" not in page and f"[{key}" not in page] == []
