"""A Blender that can be started: what it is, and what it does with the extension.

Every task is one run of Blender without a window. It is told what to do as JSON and answers with
one line of JSON, because Blender itself writes to the same stream.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from blender_zip import Builder
from failures import InstallError
from processes import Answer, Runner

__all__ = ["OLDEST", "Blender", "open_blender"]

OLDEST: Final = (4, 2)  # the first with extensions
PATIENCE_S: Final = 180.0  # a first start from a slow disk; preferences may load much else
MARK: Final = "ROBUST_MATTE "
PYTHON: Final = re.compile(r"Python \d", re.IGNORECASE)

# Runs in Blender 2.8 and newer: so the oldest syntax, and what is new is asked for late.
SCRIPT: Final = r"""
import json, os, sys
import bpy

asked = json.loads(sys.argv[-1])
told = {"version": list(bpy.app.version), "user": bpy.utils.resource_path("USER")}


def builder():
    import addon_utils
    from _bpy_internal.extensions import tags
    places = [os.path.join(one, "bl_pkg", "cli", "blender_ext.py") for one in addon_utils.paths()]
    return [[one, os.path.abspath(tags.__file__)] for one in places if os.path.isfile(one)][:1]


def repository():
    repos = list(bpy.context.preferences.extensions.repos)
    own = [one for one in repos if one.enabled and not one.use_remote_url
           and getattr(one, "source", "USER") == "USER"]
    own.sort(key=lambda one: one.module != "user_default")
    if not own:
        raise RuntimeError("its preferences have no repository for extensions from disk")
    return own[0].module


def save():
    if asked["keeps_preferences"]:
        bpy.ops.wm.save_userpref()


def state(module):
    import addon_utils
    if not asked["keeps_preferences"] and asked["do"] == "check":
        bpy.ops.preferences.addon_enable(module=module)
    there = [one for one in addon_utils.modules(refresh=True) if one.__name__ == module]
    told["enabled"] = all(addon_utils.check(module))
    told["installed"] = bool(there)


try:
    if asked["do"] == "probe":
        if tuple(bpy.app.version[:2]) >= (4, 2):
            told["builder"] = builder()
    elif asked["do"] == "install":
        name = repository()
        done = bpy.ops.extensions.package_install_files(
            filepath=asked["archive"], repo=name, enable_on_install=True)
        if "FINISHED" not in done:
            raise RuntimeError("it does not take the zip")
        told["module"] = "bl_ext." + name + "." + asked["id"]
        state(told["module"])
        told["folder"] = os.path.dirname(os.path.abspath(sys.modules[told["module"]].__file__))
        save()
    elif asked["do"] == "check":
        state(asked["module"])
    elif asked["do"] == "remove" and told["user"] == asked["user"]:
        name = asked["module"].split(".")[1]
        repos = [one.module for one in bpy.context.preferences.extensions.repos]
        if name in repos:
            bpy.ops.extensions.package_uninstall(repo_index=repos.index(name), pkg_id=asked["id"])
            save()
        state(asked["module"])
except Exception as error:
    told["error"] = " ".join(str(error).split())
print("\n" + "ROBUST_MATTE " + json.dumps(told), flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blender:
    """One Blender.

    Args:
        program: What starts it.
        is_module: Whether it is a Python with the module `bpy`, which reads no preferences.
        version: As it tells, e.g. (4, 5, 15).
        user: Its folder of this user's files; versions differ in it, copies of one do not.
        builder: Its own builder of extensions, if it has one that can be read from here.
    """

    program: Path
    is_module: bool
    version: tuple[int, ...]
    user: Path
    builder: Builder | None = None

    @property
    def name(self) -> str:
        """The version as it is spoken of: `4.5`."""
        return ".".join(map(str, self.version[:2]))

    @property
    def is_too_old(self) -> bool:
        """Whether it knows no extensions yet."""
        return self.version[:2] < OLDEST

    def install(self, archive: Path, extension: str, runner: Runner) -> tuple[str, Path]:
        """Install a zip and enable it; one that is there is replaced.

        Returns:
            The name of the module in Blender, and its folder.

        Raises:
            InstallError: It is not enabled in Blender's next start.
        """
        told = self._do(runner, "install", archive=str(archive), id=extension)
        module = str(told["module"])
        again = self._do(runner, "check", module=module)
        if not again.get("enabled"):
            raise self._failure("it is not enabled in the next start")
        return module, Path(told["folder"])

    def remove(self, module: str, extension: str, runner: Runner) -> bool:
        """Remove the extension and its entry in the preferences.

        Returns:
            False, with nothing done, if the program is another version by now.

        Raises:
            InstallError: It is still there.
        """
        words = {"module": module, "id": extension, "user": str(self.user)}
        told = self._do(runner, "remove", **words)
        if told.get("installed"):
            raise self._failure("it is still there")
        return bool(told["user"] == str(self.user))

    def _do(self, runner: Runner, verb: str, **words: str) -> Mapping[str, Any]:
        answer, told = _ask(self.program, runner, verb, is_module=self.is_module, **words)
        if not told or "error" in told:
            raise self._failure(str(told["error"]) if told else _reason(answer))
        return told

    def _failure(self, why: str) -> InstallError:
        return InstallError(
            f"Blender {self.name} ({self.program}) does not do it: {why}.",
            hint="Close every Blender and run the same command again, or install the zip by hand: "
            "drag it into Blender's window.",
        )


def open_blender(program: Path, runner: Runner) -> Blender:
    """Start a program to learn which Blender it is; this user's files are neither read nor written.

    Args:
        program: Blender, or a Python with the module `bpy`.
        runner: Starts it.

    Raises:
        InstallError: It is neither.
    """
    answer = runner.capture([str(program), "--version"], timeout_s=PATIENCE_S)
    is_module = PYTHON.match(answer.text) is not None
    told: Mapping[str, Any] = {}
    if answer.code == 0:
        answer, told = _ask(program, runner, "probe", is_module=is_module)
    if not told:
        raise InstallError(
            f"{program} is no Blender: {_reason(answer)}.",
            hint="Name Blender's program, or a Python that can import bpy, with --blender.",
        )
    places = [[Path(one) for one in pair] for pair in told.get("builder", [])]
    seen = [pair for pair in places if all(path.is_file() for path in pair)]  # not in a sandbox
    return Blender(
        program=program,
        is_module=is_module,
        version=tuple(told["version"]),
        user=Path(told["user"]),
        builder=Builder(program=seen[0][0], tags=seen[0][1]) if seen else None,
    )


def _ask(
    program: Path, runner: Runner, verb: str, *, is_module: bool, **words: str
) -> tuple[Answer, Mapping[str, Any]]:
    """Let a Blender do one thing; return all it said, and what it answered."""
    asked = json.dumps({"do": verb, "keeps_preferences": not is_module, **words})
    if is_module:
        command = [str(program), "-I", "-c", SCRIPT, asked]
    else:
        factory = ["--factory-startup"] if verb == "probe" else []
        command = [str(program), "--background", *factory, "--python-expr", SCRIPT, "--", asked]
    answer = runner.capture(command, timeout_s=PATIENCE_S)
    lines = [line for line in answer.text.splitlines() if line.startswith(MARK)]
    return answer, json.loads(lines[-1].removeprefix(MARK)) if lines else {}


def _reason(answer: Answer) -> str:
    lines = answer.text.strip().splitlines()
    return lines[-1].rstrip(".") if lines else f"exit code {answer.code}"
