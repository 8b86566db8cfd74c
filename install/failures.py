"""What can go wrong while setting up."""

from typing import Final

__all__ = ["EXIT_HOST", "EXIT_INPUT", "EXIT_MODEL", "EXIT_USAGE", "InstallError"]

EXIT_USAGE: Final = 2
EXIT_INPUT: Final = 3  # this and the next as the engine has them
EXIT_MODEL: Final = 5
EXIT_HOST: Final = 7  # the same number as a host that cannot run the engine


class InstallError(Exception):
    """The environment cannot be made.

    Args:
        what: One sentence naming the thing and its values.
        hint: One sentence with the way out.
        exit_code: 7, or what the engine would end with: 2 for the command line, 3 for the plate,
            5 for the weights.
    """

    def __init__(self, what: str, *, hint: str, exit_code: int = EXIT_HOST) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.what}\n{self.hint}"
