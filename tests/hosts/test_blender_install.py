"""The extension in real Blenders."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_installed_extension_is_enabled_for_scripts(
    blender: Path, extension: Any, run_in_blender: Run
) -> None:
    script = (
        "import addon_utils, json\n"
        "print('FOUND ' + json.dumps(addon_utils.check('bl_ext.user_default.robust_matte')))"
    )
    ran = run_in_blender(blender, script, extension=extension)
    assert ran.found() == [True, True]
