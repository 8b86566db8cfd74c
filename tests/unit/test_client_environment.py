"""What of a host's environment its worker sees."""

import pytest
from robust_matte_client.environment import scrubbed


@pytest.mark.parametrize(
    "name",
    [
        *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "pythonpath", "__PYVENV_LAUNCHER__"),
        *("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "CONDA_PREFIX", "_CONDA_ROOT"),
        *("BLENDER_USER_RESOURCES", "BLENDER_SYSTEM_SCRIPTS", "NUKE_PATH", "NUKE_TEMP_DIR"),
        *("QT_PLUGIN_PATH", "QT_QPA_PLATFORM", "LD_LIBRARY_PATH", "LD_PRELOAD"),
        *("DYLD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES"),
    ],
)
def test_what_a_host_set_for_itself_is_dropped(name: str) -> None:
    assert scrubbed({name: "a"}) == {}


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "USER", "LANG", "TMPDIR", "SYSTEMROOT", "APPDATA", "XDG_CACHE_HOME"),
        *("OCIO", "CUDA_VISIBLE_DEVICES", "HTTPS_PROXY", "no_proxy", "OMP_NUM_THREADS"),
        *("ROBUST_MATTE_WEIGHTS", "ROBUST_MATTE_WORKER", "MY_PYTHONPATH", "QTDIR", "NUKE"),
    ],
)
def test_what_is_the_users_or_the_studios_stays(name: str) -> None:
    assert scrubbed({name: "a"}) == {name: "a"}
