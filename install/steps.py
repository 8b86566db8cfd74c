"""What the set-up tells while it works: a line a step, and what a program said where one failed."""

import sys
from typing import Final

from processes import Answer

__all__ = ["announce", "show_end"]

LINES_OF_END: Final = 15  # pip's reason is in its last lines, below what it did right


def announce(step: str) -> None:
    """Say in one line what is being done now."""
    sys.stderr.write(f"  {step}\n")
    sys.stderr.flush()


def show_end(answer: Answer) -> None:
    """Show the last lines of a program that failed; the log has all of them."""
    lines = answer.text.strip().splitlines()
    sys.stderr.write("\n".join(lines[-LINES_OF_END:]) + "\n")
