"""What the kernel tells in files of /proc and /sys."""

from pathlib import Path

__all__ = ["kernel_text"]


def kernel_text(path: Path) -> str:
    """Return a file's text; nothing where it is not there or may not be read."""
    try:
        return path.read_text("ascii", errors="replace")
    except OSError:
        return ""
