"""What a result is shown over."""

import pytest

from robust_matte.errors import SettingsError
from robust_matte.settings.backdrop import Backdrop


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        pytest.param("checker", None, id="checker"),
        pytest.param(" Checker", None, id="spelling"),
        pytest.param("black", (0, 0, 0), id="black"),
        pytest.param("white", (255, 255, 255), id="white"),
        pytest.param("grey", (118, 118, 118), id="grey"),
        pytest.param("green", (0, 177, 64), id="green"),
        pytest.param("#1E90ff", (30, 144, 255), id="typed"),
    ],
)
def test_names_and_typed_colours(text: str, codes: tuple[int, int, int] | None) -> None:
    found = Backdrop.parse(text).code
    assert found == (None if codes is None else tuple(code / 255 for code in codes))


@pytest.mark.parametrize("text", ["", "gray", "#fff", "#12345g", "1e90ff", "#1e90ff00"])
def test_anything_else_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match=r"The backdrop .* cannot be used\. Write checker"):
        Backdrop.parse(text)
