"""Values over frames as a picture; apart from the measures, so that those need no matplotlib."""

from collections.abc import Mapping, Sequence
from io import BytesIO

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

__all__ = ["draw_plot"]

_WIDTH, _ROW, _FRAME = 10.0, 1.7, 1.0  # inches
_DPI = 120
_LINE, _MARK = "#1f5f8b", "#c0392b"


def draw_plot(
    numbers: Sequence[int],
    series: Mapping[str, Sequence[float]],
    worst: Mapping[str, int],
    *,
    heading: str,
    texts: Mapping[str, str],
) -> bytes:
    """Draw one row per metric over the frame numbers, with a mark at its worst frame.

    Args:
        numbers: Frame numbers, ascending.
        series: Values by the row's title, one per number; NaN leaves a gap.
        worst: The worst frame's number by title; a title may be absent.
        heading: What stands above.
        texts: What the PNG says of itself, by keyword.

    Returns:
        The PNG file's bytes.
    """
    figure = Figure(figsize=(_WIDTH, _FRAME + _ROW * len(series)), dpi=_DPI, layout="constrained")
    figure.suptitle(heading, fontsize="medium", parse_math=False)  # $ may stand in a file's name
    rows = figure.subplots(len(series), 1, sharex=True, squeeze=False)[:, 0]
    for row, (title, values) in zip(rows, series.items(), strict=True):
        heights = np.asarray(values, np.float64)
        row.plot(numbers, heights, color=_LINE, linewidth=1.0, marker=".", markersize=3.0)
        if title in worst:
            at = int(np.searchsorted(numbers, worst[title]))
            row.plot([worst[title]], [heights[at]], "o", color=_MARK)
            row.set_title(f"worst {heights[at]:.4g} at frame {worst[title]}", loc="right", size=8)
        row.set_ylabel(title, size=8)
        row.grid(visible=True, alpha=0.3)
        row.margins(x=0.01)
    rows[-1].set_xlabel("frame", size=8)
    rows[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    rows[-1].ticklabel_format(axis="x", useOffset=False, style="plain")
    drawn = BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None, **texts})
    return drawn.getvalue()
