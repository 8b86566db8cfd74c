"""Robust Matte: recurrent video matting for compositors.

Example::

    from robust_matte import KeySettings, key

    result = key(KeySettings(plate="plate.####.exr", output="matte", model="rvm_mobilenetv3.pth"))
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robust_matte.errors import RobustMatteError
    from robust_matte.jobs.assemble import AssembleResult, assemble
    from robust_matte.jobs.key import key
    from robust_matte.jobs.key_result import KeyResult
    from robust_matte.settings.assemble_settings import AssembleSettings
    from robust_matte.settings.key_settings import KeySettings

__all__ = [
    "AssembleResult",
    "AssembleSettings",
    "KeyResult",
    "KeySettings",
    "RobustMatteError",
    "__version__",
    "assemble",
    "key",
]

__version__ = "0.1.0"

_HOMES = {
    "AssembleResult": "robust_matte.jobs.assemble",
    "AssembleSettings": "robust_matte.settings.assemble_settings",
    "KeyResult": "robust_matte.jobs.key_result",
    "KeySettings": "robust_matte.settings.key_settings",
    "RobustMatteError": "robust_matte.errors",
    "assemble": "robust_matte.jobs.assemble",
    "key": "robust_matte.jobs.key",
}


def __getattr__(name: str) -> Any:
    """Import on first use: `import robust_matte` alone costs no torch."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
