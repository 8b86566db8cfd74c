"""Draw the validation of training runs, one behind the other.

Usage: python docs/pictures/curves.py OUT.png RUN/validation.csv...

Needs the extra `train`. Each file has the columns `step`, `iou` and `mad`, as `robust-matte train`
writes them; the steps of each run begin where those of the run before end.
"""

import csv
import sys
from pathlib import Path

from matplotlib.figure import Figure

_LIMITS = {"iou": 0.85, "mad": 0.05}  # what the draft model is asked for
_TITLES = {"iou": "mean IoU at 0.5", "mad": "mean MAD"}


def read(files: list[Path]) -> dict[str, list[float]]:
    """Return the columns of all runs, and `begins`, where each run begins."""
    columns: dict[str, list[float]] = {"step": [], "iou": [], "mad": [], "begins": []}
    before = 0.0
    for file in files:
        columns["begins"].append(before)
        with file.open(newline="", encoding="utf-8") as opened:
            for row in csv.DictReader(opened):
                columns["step"].append(before + float(row["step"]))
                columns["iou"].append(float(row["iou"]))
                columns["mad"].append(float(row["mad"]))
        before = columns["step"][-1]
    return columns


def draw(columns: dict[str, list[float]], out: Path) -> None:
    """Write both curves, with what is asked for and where runs begin."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    for place, (name, limit) in enumerate(_LIMITS.items(), 1):
        axes = figure.add_subplot(1, 2, place)
        axes.plot(columns["step"], columns[name], marker=".", color="tab:blue")
        axes.axhline(limit, color="tab:green", linestyle="--", linewidth=1)
        for begin in columns["begins"][1:]:
            axes.axvline(begin, color="grey", linewidth=1)
        axes.set(title=_TITLES[name], xlabel="steps", ylim=(0, 1 if name == "iou" else 0.35))
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    draw(read([Path(name) for name in sys.argv[2:]]), Path(sys.argv[1]))
