"""What goes wrong in the host: one sentence that says what, and one with the way out."""

from __future__ import annotations

__all__ = ["HostError"]


class HostError(Exception):
    """Something the artist has to know; shown in the panel, never as a traceback.

    Attributes:
        what: One sentence that names the node, file or frame with its values.
        hint: One sentence with the way out.
        code: The worker's word for such an error, from which a command's exit code comes; empty
            where it is one of the .blend.
    """

    def __init__(self, what: str, *, hint: str, code: str = "") -> None:
        super().__init__(f"{what} {hint}")
        self.what = what
        self.hint = hint
        self.code = code
