"""YAML of job bundles: what another reader makes of it is what was written."""

from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # what openjd-model reads with
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_matte.farm.yaml_text import yaml_text

SCALARS = st.one_of(st.booleans(), st.integers(), st.text(st.characters(exclude_categories=["C"])))
KEYS = st.sampled_from(["name", "steps", "args", "userInterface"])
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda one: st.lists(one) | st.dictionaries(KEYS, one), max_leaves=8),
    min_size=1,
)


@settings(max_examples=60)
@given(DOCUMENTS)
def test_another_reader_finds_what_was_written(document: dict[str, Any]) -> None:
    assert yaml.safe_load(yaml_text(document)) == document


TEXTS = (
    """no|Off|null|~|1e3|0x1f|1:30|2026-11-28|- a|a: b|a #b|'|{{Param.Out}}|--bins|/show/plates"""
)
ODD = ["", "plate.####.exr", "C:\\show", "ü", "a\nb", " a ", "a:", "[a]", "&a", "*a", "!a", "%a"]


@pytest.mark.parametrize("text", [*TEXTS.split("|"), *ODD])
def test_text_stays_text(text: str) -> None:
    assert yaml.safe_load(yaml_text({"value": text})) == {"value": text}
