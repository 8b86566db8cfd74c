"""docs/bad-input.md holds the rows that are run, and no others."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def ids_of(path: Path) -> Iterator[str]:
    """Yield the titles of all rows of a test module."""
    spec = importlib.util.spec_from_file_location(f"rows_of_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    lists: list[list[Any]] = [
        value for name, value in vars(module).items() if name.isupper() and isinstance(value, list)
    ]
    yield from (row.id for rows in lists for row in rows)


def test_the_page_has_the_rows_that_are_run(rows: dict[str, tuple[int, str, str]]) -> None:
    paths = [path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    run = [title for path in paths for title in ids_of(path)]
    assert len(run) == len(set(run)) > 100
    assert set(run) == rows.keys()


def test_every_row_tells_a_way_out_in_our_words(rows: dict[str, tuple[int, str, str]]) -> None:
    for title, (code, what, hint) in rows.items():
        if code:
            assert what.endswith("."), title
            assert hint.endswith("."), title
        for word in (
            "Invalid",
            "!",
            "please",
            "Errno",
            "OpenImageIO",
            "EXR_ERR",
            "pydantic",
        ):
            assert word not in what + hint, title
