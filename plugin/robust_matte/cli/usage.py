"""Mistakes in the command line, in our words: one sentence what is wrong, one the way out."""

import difflib
import re

import typer._click.exceptions as typed  # Typer has no public names for these

from robust_matte.errors import SettingsError

__all__ = ["misused"]


def misused(error: typed.ClickException) -> SettingsError:
    """Build the error for a command line that Typer does not take."""
    command = _command(error)
    match error:
        case typed.NoSuchOption():
            return _unknown_flag(error, command)
        case typed.MissingParameter():
            what = f"{_name(error)} is missing."
            return SettingsError(what, hint=f"{command} --help shows how to write it.")
        case typed.BadParameter():
            return _bad_value(error, command)
        case typed.BadOptionUsage() if "does not take" in error.message:
            return SettingsError(f"{error.option_name} takes no value.", hint="Write it alone.")
        case typed.BadOptionUsage():
            what = f"{error.option_name} has no value."
            return SettingsError(what, hint="Write its value after it, or leave it out.")
    return _stray_word(error, command)


def _command(error: typed.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "robust-matte"


def _name(error: typed.BadParameter) -> str:
    """Return a flag as it is written, or an argument in capitals, as in the help."""
    if error.param is None:
        return "A value"
    name = error.param.opts[0]
    return name if name.startswith("-") else name.upper()


def _unknown_flag(error: typed.NoSuchOption, command: str) -> SettingsError:
    hint = f"{command} --help lists the flags."
    if error.possibilities:
        alike = difflib.get_close_matches(error.option_name, error.possibilities, n=1)
        hint = f"{(alike or error.possibilities)[0]} looks like it; {hint}"
    return SettingsError(f"{command} has no flag {error.option_name}.", hint=hint)


def _bad_value(error: typed.BadParameter, command: str) -> SettingsError:
    from pydantic import ValidationError

    from robust_matte.settings.complaints import refused

    if isinstance(error.__cause__, ValidationError):
        return refused(error.__cause__, _name(error))
    what = f"{_name(error)} cannot be used: {error.message.rstrip('.')}."
    return SettingsError(what, hint=f"{command} --help shows how to write it.")


def _stray_word(error: typed.ClickException, command: str) -> SettingsError:
    """Build the error for an unknown command, or for words after what a command takes."""
    unknown = re.match(r"No such command '(?P<name>[^']*)'(?:.*'(?P<meant>[^']*)')?", error.message)
    if unknown:
        alike = f"{unknown['meant']} looks like it; " if unknown["meant"] else ""
        return SettingsError(
            f"{command} has no command {unknown['name']}.",
            hint=f"{alike}{command} --help lists them.",
        )
    extra = re.search(r"argument\(s\) \((.*)\)", error.message, re.DOTALL)
    return SettingsError(
        f"{command} has no use for {extra[1] if extra else error.message}.",
        hint="Give it one thing at a time, with quotes around names with spaces, * or $.",
    )
