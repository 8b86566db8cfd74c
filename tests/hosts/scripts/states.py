"""Run in Blender: what the artist is shown in each state, by a layout that writes down its calls.

Arguments: a folder with a plate, a folder for .blend files. The worker is the stand-in; runs are
moved on as the window's ticks would. What a case finds is told as JSON.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy

MODULE = "bl_ext.user_default.robust_matte"
FAULT, PACE = "ROBUST_MATTE_STUB_FAULT", "ROBUST_MATTE_STUB_PACE"
media, out = Path(sys.argv[1]), Path(sys.argv[2])
ops: Any = bpy.ops
types: Any = bpy.types


def ours(name: str) -> Any:
    """A module of the extension."""
    return import_module(f"{MODULE}.{name}")


runs = ours("running").runs
Phase = ours("running").Phase
ICONS = types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items.keys()


class Layout:
    """A layout that writes down what is drawn, and knows no more than those of Blender."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.scale_y = 1.0
        self.enabled = True
        self.use_property_split = self.use_property_decorate = False

    def row(self, align: bool = False) -> "Layout":
        assert isinstance(align, bool)
        return Layout(self.lines)

    def column(self, align: bool = False) -> "Layout":
        assert isinstance(align, bool)
        return Layout(self.lines)

    def label(self, text: str = "", icon: str = "NONE", translate: bool = True) -> None:
        assert icon in ICONS, icon
        assert translate is False, text  # it holds names of files
        self.lines.append(text)

    def progress(self, factor: float = 0.0, text: str = "") -> None:
        assert 0 <= factor <= 1
        self.lines.append(f"[{text}]")

    def prop(self, data: Any, name: str, text: str | None = None, icon: str = "NONE") -> None:
        assert icon in ICONS, icon
        found = data.bl_rna.properties[name]
        assert found.description, name
        self.lines.append(f"{found.name if text is None else text} = {getattr(data, name)}")

    def operator(
        self, name: str, text: str | None = None, icon: str = "NONE", emboss: bool = True
    ) -> Any:
        assert icon in ICONS, icon
        kind = getattr(ops.robust_matte, name.partition(".")[2]).get_rna_type()
        assert kind.description, name
        assert emboss or text == "", name
        self.lines.append(f"({text or kind.name})")
        return SimpleNamespace()


def fresh(connect: bool = True) -> tuple[Any, Any]:
    """An empty file with a node; returns the scene and the node."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module=MODULE)
    for name in (FAULT, PACE):
        os.environ.pop(name, None)
    scene: Any = bpy.context.scene
    assert ops.robust_matte.add_node() == {"FINISHED"}
    tree = ours("versions").compositor_tree(scene)
    node = tree.nodes.active
    if connect:
        source = tree.nodes.new("CompositorNodeImage")
        source.image = bpy.data.images.load(str(media / "p.1001.exr"))
        source.image.source = "SEQUENCE"
        source.frame_start, source.frame_offset, source.frame_duration = 1, 1000, 4
        tree.links.new(source.outputs[0], node.inputs["Image"])
        tree.nodes.active = node
    return scene, node


def context_of(node: Any | None, tree: Any = None) -> Any:
    """The compositor with a node that is active, or with none."""
    tree = node.id_data if node is not None else tree
    space = SimpleNamespace(type="NODE_EDITOR", tree_type="CompositorNodeTree", edit_tree=tree)
    return SimpleNamespace(
        space_data=space,
        scene=bpy.context.scene,
        region=SimpleNamespace(width=700),
        preferences=bpy.context.preferences,
    )


def drawn(node: Any, panel: str = "node") -> list[str]:
    lines: list[str] = []
    kind = getattr(ours("panel"), f"ROBUST_MATTE_PT_{panel}")
    context = context_of(node)
    assert kind.poll(context)
    kind.draw(SimpleNamespace(layout=Layout(lines)), context)
    return lines


def start(node: Any, name: str = "bake", **more: Any) -> Any:
    """Start a run as the button in a window does: without waiting for it."""
    settings = ours("properties").settings_of(node.node_tree)
    target = ours("targets").find_target(settings.uid)
    return runs.start(getattr(ours("node_bakes"), f"order_{name}")(target, **more))


def pump(until: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline
        runs.pump()
        time.sleep(0.01)


def finish(run: Any) -> None:
    pump(lambda: run.is_over)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def bakes(node: Any) -> Path:
    settings = ours("properties").settings_of(node.node_tree)
    found: Path = ours("bake_places").bakes_of(settings.uid, settings.folder)
    return found


# --- cases


def case_panel() -> object:
    """Each state of one node, and the other panels."""
    scene, node = fresh(connect=False)
    told: dict[str, Any] = {"no source": drawn(node)}
    node.id_data.nodes.active = None
    told["no node"] = drawn_without(node.id_data)
    scene, node = fresh()
    told["ready"] = drawn(node)
    for name in ("matte", "colour", "advanced", "output"):
        told[name] = drawn(node, name)
    os.environ[PACE] = "0.2"
    run = start(node)
    told["queued"] = drawn(node)
    pump(lambda: run.text.startswith("Frame 1002"))
    told["running"] = drawn(node)
    finish(run)
    told["done"] = drawn(node)
    ours("properties").settings_of(node.node_tree).gain = "1"
    told["changed"] = drawn(node)
    scene.frame_set(3)
    runs.close()
    os.environ[PACE] = "0.01"
    os.environ[FAULT] = "warn"
    assert not ours("panel").ROBUST_MATTE_PT_warnings.poll(context_of(node))
    finish(start(node))
    told["warned"] = drawn(node, "warnings")
    runs.close()
    os.environ.pop(FAULT)
    run = start(node, "preview", quick=True)
    finish(run)
    told["preview"] = drawn(node)
    copy = node.id_data.nodes.new("CompositorNodeGroup")
    copy.node_tree = node.node_tree
    told["shared"] = drawn(node)
    return told


def drawn_without(tree: Any) -> list[str]:
    lines: list[str] = []
    kind = ours("panel").ROBUST_MATTE_PT_node
    context = context_of(None, tree)
    assert kind.poll(context)
    assert not ours("panel").ROBUST_MATTE_PT_matte.poll(context)
    kind.draw(SimpleNamespace(layout=Layout(lines)), context)
    return lines


def case_failures() -> object:
    """What is shown where the worker fails, and what is left on disk."""
    told: dict[str, Any] = {}
    for fault in ("die:1003", "kill:1003", "full:1003", "model"):
        _scene, node = fresh()
        os.environ[FAULT] = fault
        run = start(node)
        finish(run)
        told[fault] = {"drawn": drawn(node), "files": files(bakes(node))}
        told[fault]["wired"] = bool(ours("result").baked_of(node.node_tree))
        runs.close()
    _scene, node = fresh()
    preferences: Any = bpy.context.preferences
    preferences.addons[MODULE].preferences.worker = str(out / "nowhere")
    run = start(node)
    finish(run)
    told["missing"] = {"drawn": drawn(node), "files": files(bakes(node))}
    preferences.addons[MODULE].preferences.worker = ""
    return told


def case_cancel() -> object:
    """Cancel in the middle of a bake, and bake again."""
    _scene, node = fresh()
    os.environ[PACE] = "0.2"
    run = start(node)
    pump(lambda: run.text.startswith("Frame 1002"))
    ops.robust_matte.cancel()
    told: dict[str, Any] = {"stopping": drawn(node)}
    finish(run)
    told["stopped"] = drawn(node)
    told["files"] = files(bakes(node))
    told["wired"] = bool(ours("result").baked_of(node.node_tree))
    run = start(node)
    finish(run)
    told["again"] = drawn(node)
    ours("properties").settings_of(node.node_tree).gain = "dark"
    try:
        start(node)
    except ours("errors").HostError as error:
        told["bad gain"] = [error.what, error.hint]
    return told


def case_script() -> object:
    """What a script in background gets: the reply, or an error with both sentences."""
    _scene, node = fresh()
    told: dict[str, Any] = {"bake": list(ops.robust_matte.bake(node="Robust Matte"))}
    os.environ[FAULT] = "full:1003"
    runs.close()
    ours("properties").settings_of(node.node_tree).gain = "2"
    calls: dict[str, Callable[[], object]] = {
        "full disk": ops.robust_matte.bake,
        "no such node": lambda: ops.robust_matte.bake(node="Other"),
    }
    for name, call in calls.items():
        try:
            call()
        except RuntimeError as error:
            told[name] = str(error)
    return told


def case_clear() -> object:
    """Two bakes, one of them shown; a foreign file; the file saved in between."""
    _scene, node = fresh()
    settings = ours("properties").settings_of(node.node_tree)
    ops.robust_matte.bake()
    first = Path(settings.baked_folder)
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "later.blend"))
    told: dict[str, Any] = {"kept": bool(ours("result").baked_of(node.node_tree))}
    settings.gain = "1"
    ops.robust_matte.bake()
    second = Path(bpy.path.abspath(settings.baked_folder))
    (first / "notes.txt").write_text("mine")
    ops.robust_matte.clear_bakes()
    told["foreign"] = files(first)
    (first / "notes.txt").unlink()
    os.utime(first / ours("bake_folders").MARKER, (0, 0))  # a young one alone is a bake that begins
    ops.robust_matte.clear_bakes()
    told["first"], told["second"] = first.is_dir(), len(list(second.glob("*.exr")))
    told["beside"] = second.relative_to(out).parts[0]
    return told


def case_polls() -> object:
    """Which buttons are grey, by what the classes answer."""
    operators = ours("operators")
    told = {}

    def ask(name: str, node: Any) -> None:
        for button in ("bake", "preview", "reveal", "single_user"):
            kind = getattr(operators, f"ROBUST_MATTE_OT_{button}")
            told[f"{name} {button}"] = kind.poll(context_of(node))

    _scene, node = fresh(connect=False)
    ask("unconnected", node)
    _scene, node = fresh()
    ask("ready", node)
    run = start(node)
    ask("busy", node)
    told["busy clear"] = bool(ops.robust_matte.clear_bakes.poll())
    pump(lambda: run.is_over)
    ask("baked", node)
    copy = node.id_data.nodes.new("CompositorNodeGroup")
    copy.node_tree = node.node_tree
    ask("shared", node)
    return told


def registered() -> list[str]:
    names = [name for name in dir(types) if "robust" in name.lower()]
    handlers = [*bpy.app.handlers.load_pre, *bpy.app.handlers.save_pre]
    names += [repr(one) for one in handlers if MODULE in one.__module__]
    menu = types.NODE_MT_category_compositor_keying
    names += [one.__module__ for one in menu.draw._draw_funcs if MODULE in one.__module__]
    return names + ["property"] * hasattr(types.NodeTree, "robust_matte")


def case_twice() -> object:
    """Enabled and disabled, twice; then with a part that fails to register."""
    told = []
    for _ in range(2):
        bpy.ops.preferences.addon_disable(module=MODULE)
        told.append(registered())
        bpy.ops.preferences.addon_enable(module=MODULE)
        told.append([str(bool(registered()))])
    bpy.ops.preferences.addon_disable(module=MODULE)
    extension, menus = import_module(MODULE), ours("menus")
    kept, menus.register = menus.register, lambda: 1 / 0
    try:
        extension.register()
    except ZeroDivisionError:
        told.append(registered())
    menus.register = kept
    bpy.ops.preferences.addon_enable(module=MODULE)
    return told


def case_load() -> object:
    """Another file is opened while a bake runs."""
    _scene, node = fresh()
    os.environ[PACE] = "0.5"
    run = start(node)
    pump(lambda: run.phase is Phase.RUNNING)
    bpy.ops.wm.read_homefile(use_empty=True)
    return [run.phase.value, runs.pump()]


class Shown:
    """The preferences, as Blender draws them: with a layout."""

    def __init__(self, lines: list[str]) -> None:
        self.layout = Layout(lines)

    def __getattr__(self, name: str) -> Any:
        preferences: Any = bpy.context.preferences
        return getattr(preferences.addons[MODULE].preferences, name)


def case_preferences() -> object:
    """The preferences after tests of the worker: one that works, one that is not there."""
    told = []
    fresh()
    preferences: Any = bpy.context.preferences
    for worker in ("", str(out / "nowhere")):
        preferences.addons[MODULE].preferences.worker = worker
        finish(runs.start(ours("preferences").order_test()))
        lines: list[str] = []
        ours("preferences").RobustMattePreferences.draw(Shown(lines), bpy.context)
        told.append(lines)
    preferences.addons[MODULE].preferences.worker = ""
    return told


def case_names() -> object:
    """A preview of a plate whose name holds the frame's number elsewhere, too."""
    _scene, node = fresh()
    for number in range(1001, 1005):
        shutil.copy(media / f"p.{number}.exr", out / f"sh1001_p.{number}.exr")
    node.inputs["Image"].links[0].from_node.image.filepath = str(out / "sh1001_p.1001.exr")
    ops.robust_matte.preview(quick=True)
    pattern = Path(ours("result").baked_of(node.node_tree).pattern)
    return [pattern.name, sorted(path.name for path in pattern.parent.glob("*.exr"))]


def upstream(node: Any) -> None:
    """Put a node before another, so that its plate has to be rendered."""
    tree = node.id_data
    link = node.inputs["Image"].links[0]
    between = tree.nodes.new("CompositorNodeExposure")
    tree.links.new(link.from_socket, between.inputs[0])
    tree.links.new(between.outputs[0], node.inputs["Image"])


def another(node: Any) -> Any:
    """A second node on the same plate, with a group of its own."""
    tree = node.id_data
    source = node.inputs["Image"].links[0].from_socket
    assert ops.robust_matte.add_node() == {"FINISHED"}
    other = tree.nodes.active
    tree.links.new(source, other.inputs["Image"])
    return other


def case_waiting() -> object:
    """Nodes that are renamed and removed while their bakes wait for another, or a panel draws."""
    scene, node = fresh()
    scene.frame_start, scene.frame_end = 1, 2
    renamed, removed = another(node), another(node)
    for one in (renamed, removed):
        upstream(one)
    first, second, third = start(node), start(renamed), start(removed)
    renamed.name = "Renamed"
    seen = ours("seen_sources")
    kept = seen.bpy
    app = SimpleNamespace(background=False, timers=bpy.app.timers)
    seen.bpy = SimpleNamespace(app=app, context=bpy.context)  # as in a window
    seen.forget_seen()
    for one in (removed, node):
        node.id_data.nodes.active = one
        drawn(one)
    node.id_data.nodes.remove(removed)
    seen._find_wanted()
    told: dict[str, Any] = {"seen": len(seen._memory.seen)}
    seen.forget_seen()
    drawn(node)
    told["timer"] = [bpy.app.timers.is_registered(seen._find_wanted)]
    seen.bpy = kept
    for run in (first, second, third):
        finish(run)
    told["phases"] = [run.phase.value for run in (first, second, third)]
    told["what"] = third.what
    bpy.ops.preferences.addon_disable(module=MODULE)
    told["timer"].append(bpy.app.timers.is_registered(seen._find_wanted))
    told["left"] = len(seen._memory.wanted)
    bpy.ops.preferences.addon_enable(module=MODULE)
    return told


def case_shown() -> object:
    """A preview that a copy of the node still shows stays; one that cannot go harms no bake."""
    _scene, node = fresh()
    node_bakes, settings = ours("node_bakes"), ours("properties").settings_of(node.node_tree)
    ops.robust_matte.preview()
    preview = Path(settings.baked_folder)
    copy = node.node_tree.copy()
    ops.robust_matte.bake()
    told: list[Any] = [preview.is_dir()]
    bpy.data.node_groups.remove(copy)
    kept = node_bakes.remove_own

    def refuse(folder: Path) -> None:
        raise ours("errors").HostError(f"{folder} cannot be written: no.", hint="")

    node_bakes.remove_own = refuse
    told.append(list(ops.robust_matte.bake()))
    node_bakes.remove_own = kept
    ops.robust_matte.bake()
    return [*told, preview.is_dir()]


def rendered(name: str) -> None:
    """Render what the file's node gives under frames 1 to 5, and its alpha alone."""
    scene: Any = bpy.context.scene
    versions = ours("versions")
    tree = versions.compositor_tree(scene)
    node = next(one for one in tree.nodes if one.bl_idname == "CompositorNodeGroup")
    if versions.output_node(tree) is not None:
        tree.nodes.remove(versions.output_node(tree))
    made = []
    for socket in (node.outputs["Image"], node.outputs["Alpha"]):
        output, into = versions.add_file_output(tree, out / name, f"{socket.name}_")
        tree.links.new(socket, into)
        made.append(output)
    scene.render.resolution_x, scene.render.resolution_y = 16, 12
    scene.render.compositor_device = "CPU"
    scene.render.filepath = str(out / "unused" / "f")
    scene.frame_start, scene.frame_end = 1, 5
    ops.render.render(animation=True)
    for output in made:
        tree.nodes.remove(output)


def case_kept() -> object:
    """A bake, previews over it, and the file saved: it is opened without extension and cache."""
    scene, node = fresh()
    settings = ours("properties").settings_of(node.node_tree)
    source = node.inputs["Image"].links[0].from_node
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "kept.blend"))
    ops.robust_matte.bake()
    bake = bpy.path.abspath(settings.baked_folder)
    told: dict[str, Any] = {"baked": drawn(node)}
    for number in (2, 3):
        scene.frame_set(number)
        ops.robust_matte.preview(quick=True)
    told["previewed"] = drawn(node)
    ops.robust_matte.clear_bakes()
    ops.robust_matte.show_bake()
    told["back"] = drawn(node)
    for name, value in (("frame_start", 2), ("frame_duration", 3)):
        before = getattr(source, name)
        setattr(source, name, value)
        told[name] = drawn(node)
        setattr(source, name, before)
    upstream(node)
    told["rendered first"] = drawn(node)
    node.id_data.links.new(source.outputs[0], node.inputs["Image"])
    told["as before"] = drawn(node)
    ops.robust_matte.preview(quick=True)
    previews = Path(settings.baked_folder)
    (out / "elsewhere").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "elsewhere" / "kept.blend"))
    told["saved"] = drawn(node)
    shutil.rmtree(previews.parent)
    bpy.ops.preferences.addon_disable(module=MODULE)
    bpy.ops.wm.open_mainfile(filepath=str(out / "elsewhere" / "kept.blend"))
    rendered("kept")
    return {**told, "bake": bake}


def case_away() -> object:
    """A file saved with a preview of a node that has no bake, and of one whose bake is away."""
    _scene, node = fresh()
    settings = ours("properties").settings_of(node.node_tree)
    ops.robust_matte.preview(quick=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "raw.blend"))
    told: dict[str, Any] = {"raw": drawn(node)}
    ops.robust_matte.bake()
    folder = Path(bpy.path.abspath(settings.baked_folder))
    ops.robust_matte.preview(quick=True)
    folder.rename(folder.with_name("away"))
    bpy.ops.wm.save_mainfile()
    told["away"] = drawn(node)
    folder.with_name("away").rename(folder)
    ops.robust_matte.show_bake()
    return {**told, "there again": drawn(node)}


def case_taken() -> object:
    """The folder of the settings holds what the worker would not go on with: another is taken."""
    _scene, node = fresh()
    settings = ours("properties").settings_of(node.node_tree)
    told = []
    for fault in ("", "taken", "taken", "full:1003,taken"):
        os.environ[FAULT] = fault
        runs.close()
        run = start(node)
        finish(run)
        told.append([run.phase.value, run.hint, Path(settings.baked_folder).name])
    return [told, sorted(path.name for path in bakes(node).iterdir())]


def case_command() -> object:
    """The command line in a file with a node of a library, and with one that cannot be keyed."""
    fresh()
    library = str(out / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=library)
    _scene, node = fresh()
    libraries: Any = bpy.data.libraries
    with libraries.load(library, link=True) as (there, here):
        here.node_groups = [name for name in there.node_groups if "Robust" in name]
    linked = node.id_data.nodes.new("CompositorNodeGroup")
    linked.node_tree = here.node_groups[0]
    command, settings = ours("commands"), ours("properties").settings_of(node.node_tree)
    said: list[str] = []
    command._complain = said.append
    told: dict[str, Any] = {"codes": [command.run_command(["bake"])], "said": said}
    told["frames"] = [settings.baked_frames]
    told["codes"].append(command.run_command(["bake", "--node", linked.name]))
    assert ops.robust_matte.add_node() == {"FINISHED"}  # nothing is connected to it
    settings.gain = "1"
    before = settings.baked_folder
    told["codes"].append(command.run_command(["bake"]))
    told["same"] = settings.baked_folder == before
    return told


def case_codes() -> object:
    """Exit codes of the command where something is not there, and what the log says."""
    _scene, node = fresh()
    command, settings = ours("commands"), ours("properties").settings_of(node.node_tree)
    source = node.inputs["Image"].links[0].from_node
    said: list[str] = []
    told: dict[str, Any] = {"said": said}
    command._complain = command._tell = lambda *lines: said.extend(lines)

    def code() -> int:
        return int(command.run_command(["bake"]))

    (out / "a file").write_text("")
    settings.folder = str(out / "a file")
    told["folder"] = code()
    settings.folder = str(out / "codes")
    kept, source.image.filepath = source.image.filepath, str(out / "deleted" / "p.1001.exr")
    told["plate"] = code()
    source.image.filepath = kept
    source.frame_duration, settings.range_mode = 60, "SCENE"
    told["frames"] = code()
    source.frame_duration, settings.range_mode = 4, "PLATE"
    runs.close()
    os.environ[FAULT] = "model"
    told["model"] = code()
    runs.close()
    told["left"] = files(out / "codes")
    os.environ.pop(FAULT)
    worker = os.environ["ROBUST_MATTE_WORKER"]
    script = out / "wrong.py"
    script.write_text("import sys\nsys.exit('this is no worker')\n")
    os.environ["ROBUST_MATTE_WORKER"] = f'"{sys.executable}" "{script}"'
    told["worker"] = code()
    os.environ["ROBUST_MATTE_WORKER"] = worker
    other = another(node)
    other.name = other.label = "Second"
    told["both"] = code()
    return told


def case_quit() -> object:
    """Blender goes while a bake runs: by a signal, or as Python ends."""
    _scene, node = fresh()
    os.environ[PACE] = "0.5"
    run = start(node)
    pump(lambda: run.text.startswith("Frame 1001"))
    sys.stdout.write(f"BAKES {bakes(node)}\n")
    sys.stdout.flush()
    ending = os.environ["ENDING"]
    if ending == "exit":
        sys.exit(5)
    os.kill(os.getpid(), getattr(signal, ending))
    time.sleep(20)
    return "still here"


found = {name: globals()[f"case_{name}"]() for name in sys.argv[3:]}
sys.stdout.write(f"\nFOUND {json.dumps(found)}\n")
