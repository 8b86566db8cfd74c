"""What a run writes down as it goes: tables for people, and the same for TensorBoard."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from robust_matte_rvm.errors import RunFolderError
from robust_matte_rvm.training.run_folder import unwritten
from robust_matte_rvm.training.writing import write_atomically

__all__ = ["Journal"]

_TABLES = ("losses", "validation")


class Journal:
    """The tables of one run; the first column of each is the step.

    Args:
        folder: The run's; it must exist.
        step: Steps that are done. Rows of later ones, which a killed run wrote after its last
            checkpoint, are taken out: those steps are done once more.

    Raises:
        RunFolderError: A table cannot be read or written, or the curves cannot.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        for table in _TABLES:
            self._cut(self._file(table), step)
        board = folder / "tensorboard"
        try:
            self._board = SummaryWriter(str(board), purge_step=step + 1)
        except OSError as error:
            raise unwritten(board, error) from error

    def write(self, table: str, step: int, row: Mapping[str, float | str]) -> None:
        """Add a row to a table; its numbers become curves.

        Args:
            table: `losses` or `validation`.
            step: Steps that are done.
            row: By column, the same ones each time.

        Raises:
            RunFolderError: It cannot be written.
        """
        file = self._file(table)
        try:
            with file.open("a", newline="", encoding="utf-8") as opened:
                writer = csv.writer(opened, lineterminator="\n")
                if opened.tell() == 0:
                    writer.writerow(["step", *row])
                writer.writerow([step, *row.values()])
        except OSError as error:
            raise unwritten(file, error) from error
        for name, value in row.items():
            if not isinstance(value, str):
                self._board.add_scalar(f"{table}/{name}", value, step)

    def close(self) -> None:
        """Write what TensorBoard has not been given yet."""
        self._board.close()

    def _file(self, table: str) -> Path:
        return self._folder / f"{table}.csv"

    @staticmethod
    def _cut(file: Path, step: int) -> None:
        """Take out the rows of later steps, and a last row that was cut off."""
        try:
            if not file.exists():
                return
            text = file.read_text("utf-8")
            whole = text[: text.rfind("\n") + 1]
            heading, *rows = csv.reader(io.StringIO(whole)) if whole else [[]]
            kept = [row for row in rows if int(row[0]) <= step]
            made = io.StringIO()
            csv.writer(made, lineterminator="\n").writerows([heading, *kept] if heading else [])
            write_atomically(file, made.getvalue().encode("utf-8"))
        except OSError as error:
            raise unwritten(file, error) from error
        except (ValueError, IndexError) as error:
            raise RunFolderError(
                f"{file} is no table of a training run.",
                "Put back what the run wrote, or move the file away.",
            ) from error
