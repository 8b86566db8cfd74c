"""The extension's zip: what is in it, and that it is the same every time."""

import zipfile
from pathlib import Path

import pytest
from blender_zip import Builder, build_zip, extension_files, read_version, write_zip
from failures import InstallError
from processes import SystemRunner


@pytest.fixture
def nodes(tmp_path: Path) -> Path:
    """A small `nodes`, with what does not belong into the zip::

    nodes/
    ├── blender/  __init__.py  blender_manifest.toml  icons/a.svg
    │             robust_matte_client.pyi  .notes  __pycache__/__init__.cpython-311.pyc
    └── client/robust_matte_client/  __init__.py  worker.py  py.typed
    """
    names = {
        "blender/__init__.py": "",
        "blender/blender_manifest.toml": 'schema_version = "1.0.0"\nversion = "0.0.0"\n',
        "blender/icons/a.svg": "<svg/>",
        "blender/robust_matte_client.pyi": "",
        "blender/.notes": "",
        "blender/__pycache__/__init__.cpython-311.pyc": "",
        "client/robust_matte_client/__init__.py": "",
        "client/robust_matte_client/worker.py": "",
        "client/robust_matte_client/py.typed": "",
    }
    for name, text in names.items():
        path = tmp_path / "nodes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path / "nodes"


def test_client_is_inside_and_nothing_of_development(nodes: Path) -> None:
    assert list(extension_files(nodes, "1.2.3")) == [
        "__init__.py",
        "blender_manifest.toml",
        "icons/a.svg",
        "robust_matte_client/__init__.py",
        "robust_matte_client/worker.py",
    ]


def test_manifest_has_the_projects_version(nodes: Path, root: Path) -> None:
    manifest = extension_files(nodes, "1.2.3")["blender_manifest.toml"]
    assert manifest == b'schema_version = "1.0.0"\nversion = "1.2.3"\n'
    version = read_version(root / "plugin" / "robust_matte")
    real = extension_files(root / "nodes", version)["blender_manifest.toml"].decode()
    assert f'\nid = "robust_matte"\nversion = "{version}"\n' in real


def test_every_module_of_the_real_one_is_inside(root: Path) -> None:
    inside = set(extension_files(root / "nodes", "1.2.3"))
    own = {path.name for path in (root / "nodes" / "blender").glob("*.py")}
    client = (root / "nodes" / "client" / "robust_matte_client").glob("*.py")
    assert inside >= own | {f"robust_matte_client/{path.name}" for path in client}
    assert {Path(name).suffix for name in inside} == {".py", ".toml"}


def test_bytes_are_the_same_every_time(nodes: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a.zip", tmp_path / "deep" / "b.zip"
    build_zip(extension_files(nodes, "1.2.3"), first, None, SystemRunner())
    (nodes / "blender" / "__init__.py").touch()
    build_zip(extension_files(nodes, "1.2.3"), second, None, SystemRunner())
    assert first.read_bytes() == second.read_bytes()
    assert not list(tmp_path.rglob("*.part"))
    with zipfile.ZipFile(first) as archive:
        assert archive.testzip() is None
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_refused_extension_leaves_the_older_zip(nodes: Path, tmp_path: Path) -> None:
    program, archive = tmp_path / "blender_ext.py", tmp_path / "a.zip"
    program.write_text("print('FATAL_ERROR: bad tag')\nraise SystemExit(1)\n", "utf-8")
    write_zip({"a": b"older"}, archive)
    older = archive.read_bytes()
    builder = Builder(program=program, tags=tmp_path / "tags.py")
    with pytest.raises(InstallError, match="refuses the extension: FATAL_ERROR: bad tag") as caught:
        build_zip(extension_files(nodes, "1.2.3"), archive, builder, SystemRunner())
    assert archive.read_bytes() == older
    assert caught.value.exit_code == 7


@pytest.mark.parametrize(
    "name", ["blender/blender_manifest.toml", "client/robust_matte_client/__init__.py"]
)
def test_what_is_missing_is_named(nodes: Path, name: str) -> None:
    (nodes / name).unlink()
    with pytest.raises(InstallError, match="is missing") as caught:
        extension_files(nodes, "1.2.3")
    assert str(nodes / name) in caught.value.what


def test_package_without_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    with pytest.raises(InstallError, match="names no version"):
        read_version(tmp_path)
