"""Blender's own command line: `blender -b shot.blend -c robust_matte bake --save`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import bpy

from .errors import HostError
from .node_bakes import order_bake
from .orders import Order, Phase
from .properties import refuse_linked
from .running import runs
from .targets import Target, all_targets, find_target

__all__ = ["register", "run_command", "unregister"]

_NAME = "robust_matte"
# The engine's exit codes, by the worker's word for what is wrong.
_CODES = {
    "settings": 2,
    "input": 3,
    "missing_frames": 4,
    "model": 5,
    "output": 6,
    "preempted": 75,
    "internal": 1,
}
_EXIT_HOST = 7
_registered: list[Any] = []


def run_command(argv: list[str]) -> int:
    """Do what is written after `-c robust_matte`; return the exit code.

    Args:
        argv: `bake`, or `list`, with its flags.
    """
    asked = _parser().parse_args(argv)
    try:
        targets = [find_target(asked.node)] if asked.node else _one_of_each_group()
        if asked.do == "list":
            _tell(*(f"{target.node.name} (scene {target.scene.name})" for target in targets))
            return 0
        # All are looked at before the first is baked: what cannot be keyed is said at once.
        orders = [order_bake(target) for target in (targets if asked.node else _own(targets))]
        for order in orders:
            code = _bake(order)
            if code:
                return code
        if asked.save:
            bpy.ops.wm.save_mainfile()
    except HostError as error:
        _complain(str(error))
        return _CODES.get(error.code, _EXIT_HOST)
    except RuntimeError as error:
        _complain(str(error))
        return _EXIT_HOST
    return 0


def _own(targets: list[Target]) -> list[Target]:
    """Return the nodes without those of libraries, which are baked where they belong.

    Raises:
        HostError: All are of libraries.
    """
    own: list[Target] = []
    refused: list[HostError] = []
    for target in targets:
        try:
            refuse_linked(target.group)
            own.append(target)
        except HostError as error:
            refused.append(error)
    if not own:
        raise refused[0]
    for one in refused:
        _complain(f"warning: {one.what} It is left as it is.")
    return own


def _bake(order: Order) -> int:
    run = runs.start(order)
    try:
        runs.finish(run, _tell)
    except HostError as error:
        _complain("\n".join([error.what, error.hint, *run.details]))
        return 130 if run.phase is Phase.CANCELLED else _CODES.get(run.code, _EXIT_HOST)
    finally:
        for warning in run.warnings:
            _complain(f"warning: {warning}")
    return 0


def _one_of_each_group() -> list[Target]:
    """Return the file's nodes; one stands for those that share its bake.

    Raises:
        HostError: There is none.
    """
    found = {target.group: target for target in reversed(all_targets())}
    return list(reversed(found.values())) or [find_target("")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"blender -b FILE.blend -c {_NAME}",
        description="Bake the Robust Matte nodes of a .blend file.",
    )
    parser.add_argument("do", choices=("bake", "list"))
    parser.add_argument("--node", default="", help="a node's name, label, group or uid; all else")
    parser.add_argument("--save", action="store_true", help="save the file with its bakes")
    return parser


def _tell(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def register() -> None:
    """Add the command."""
    _registered.append(bpy.utils.register_cli_command(_NAME, run_command))


def unregister() -> None:
    """Take it away."""
    while _registered:
        bpy.utils.unregister_cli_command(_registered.pop())
