"""The OpenColorIO config that names colour spaces: the studio's, or the one built in."""

import hashlib
import os
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import PyOpenColorIO as ocio

from robust_matte.colour.own_spaces import CHROMATICITIES, OWN_SPACES, own_space
from robust_matte.errors import SettingsError
from robust_matte.settings.choices import PlateSpace

__all__ = [
    "BUILTIN_CONFIG",
    "ColourConfig",
    "builtin_config",
    "find_space",
    "is_builtin_config",
    "open_config",
]

# By its full name: `ocio://default` has no camera logs, and `latest` moves with the library.
BUILTIN_CONFIG = "ocio://studio-config-v4.0.0_aces-v2.0_ocio-v2.5"
_BUILTIN_PREFIX = "ocio://"
_VARIABLE = "OCIO"
_UNSET = f"Set ${_VARIABLE} right, unset it, or name a config with --config."


@dataclass(frozen=True, slots=True)
class ColourConfig:
    """A config, told from another by its name and content.

    Attributes:
        name: The file, or the full name of one built into OpenColorIO.
        digest: sha256 of the file; empty where it is built in, and so known by its name.
        loaded: OpenColorIO's own.
    """

    name: str
    digest: str
    loaded: ocio.Config = field(compare=False, repr=False)


@cache
def builtin_config() -> ColourConfig:
    """Return the built-in studio config, with the spaces of `own_spaces`."""
    return _extended(None)


@cache
def _extended(custom: str | None) -> ColourConfig:
    loaded = ocio.Config.CreateFromFile(BUILTIN_CONFIG)
    for name in (*OWN_SPACES, *((custom,) if custom else ())):
        loaded.addColorSpace(own_space(name))
    return ColourConfig(BUILTIN_CONFIG if custom is None else custom, "", loaded)


def open_config(asked: str | None) -> ColourConfig:
    """Load the config that names colour spaces.

    Args:
        asked: A file, or the name of a config built into OpenColorIO; None takes what the
            environment variable OCIO says, and the built-in studio config where it says nothing.

    Raises:
        SettingsError: There is no such config, it is damaged, or knows no scene-linear light.
    """
    variable = os.environ.get(_VARIABLE) or None
    text = asked or variable
    if text is None:
        return builtin_config()
    said = "" if asked else f", which ${_VARIABLE} names,"
    hint = "Name a config's file, or one that is built in, with --config." if asked else _UNSET
    builtin = _builtin_name(text)
    if builtin == BUILTIN_CONFIG:
        return builtin_config()
    if builtin is not None:
        return _loaded(builtin, "", said, f"Write one of {', '.join(_builtin_names())}, or a file.")
    path = Path(text).absolute()
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        reason = _reason(error)
        raise SettingsError(
            f"The colour config {path}{said} cannot be opened: {reason}.", hint=hint, path=path
        ) from error
    return _loaded(str(path), digest, said, hint)


def is_builtin_config(text: str) -> bool:
    """Say whether a config's name is one of OpenColorIO's own, and no file's."""
    return _builtin_name(text) is not None


@cache
def _builtin_names() -> tuple[str, ...]:
    return tuple(ocio.BuiltinConfigRegistry())


def _loaded(name: str, digest: str, said: str, hint: str) -> ColourConfig:
    try:
        loaded = ocio.Config.CreateFromFile(name)
        loaded.validate()
    except (ocio.Exception, ocio.ExceptionMissingFile) as error:
        reason = re.sub(r"^Error: Loading the OCIO profile .*? failed\. ", "", _first_line(error))
        raise SettingsError(
            f"The colour config {name}{said} cannot be used: {reason}.", hint=hint
        ) from error
    return ColourConfig(name, digest, loaded)


def find_space(config: ColourConfig, name: str) -> tuple[ColourConfig, str]:
    """Return the config that a colour space is of, and its name there without alias or role.

    A studio's config is looked up first; what it lacks is looked for in the built-in one.

    Raises:
        SettingsError: Neither knows the name, or it names data.
    """
    home = config
    if name.startswith(CHROMATICITIES):
        home = _extended(name)
    elif config.loaded.getColorSpace(name) is None:
        home = builtin_config()
    space = home.loaded.getColorSpace(name)
    if space is None:
        raise SettingsError(f'There is no colour space "{name}".', hint=_near(config, name))
    if space.isData():
        raise SettingsError(
            f'The colour space "{name}" is for data, not for colour.',
            hint="Name how the plate's colour is encoded, such as ACEScg or srgb_rec709_scene.",
        )
    return home, space.getName()


def _near(config: ColourConfig, name: str) -> str:
    """Return a hint that names what looks like a misspelt space."""
    known: dict[str, str] = {}
    for one in (config, builtin_config()):
        loaded = one.loaded
        for space in loaded.getColorSpaces():
            for word in (space.getName(), *space.getAliases()):
                known.setdefault(word.lower(), word)
        known |= {role.lower(): role for role, _ in loaded.getRoles() if role}
    known |= {space.value: space.value for space in PlateSpace}
    found = get_close_matches(name.lower(), known, n=4, cutoff=0.5)
    found += [word for word in known if name.lower() in word and word not in found][:4]
    spelt = [f'"{known[word]}"' for word in found[:5]]
    is_builtin = config.name.startswith(_BUILTIN_PREFIX)
    listed = "docs/colour.md lists those built in" if is_builtin else f"{config.name} lists all"
    return f"Similar ones are {', '.join(spelt)}; {listed}." if spelt else f"Look it up: {listed}."


def _builtin_name(text: str) -> str | None:
    """Return the full name of a config that is built into OpenColorIO; None if it is none."""
    if text in _builtin_names():
        return f"{_BUILTIN_PREFIX}{text}"
    return text if text.startswith(_BUILTIN_PREFIX) else None


def _reason(error: OSError) -> str:
    return "there is no such file" if isinstance(error, FileNotFoundError) else f"{error.strerror}"


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines() or [type(error).__name__]
    return text[0].rstrip(".: ")
