"""A stand-in for `robust-matte serve`, for tests of hosts that need no network.

It heeds the same messages, refuses the same mistakes and tells the same events; its mattes are
made up. The standard library alone, Python 3.9 or newer; test_stub_worker.py holds it to the real
worker. Started as `python stub_worker.py serve`, so `ROBUST_MATTE_WORKER="python stub_worker.py"`.

A frame's file is one of ROBUST_MATTE_STUB_FRAMES, a folder: the one with the frame's number in its
name, else the next one in turn. Without that it is a multipart EXR of 16 x 12 pixels: alpha 0.5,
foreground R the frame number, G 0.25, B 4, `rgba` premultiplied; so a frame tells its number.

Other variables:
    ROBUST_MATTE_STUB_PACE    seconds that a frame takes, 0.02 where it is not set
    ROBUST_MATTE_STUB_LOG     a file that gets every message, one a line, as it came
    ROBUST_MATTE_STUB_MOVIE   frames that movies have, 10 where it is not set
    ROBUST_MATTE_STUB_FAULT   what it does wrong: words with commas between, some at a frame N
        never-ready, protocol-2     in place of `ready`
        deaf                        ignores cancel, quit, the end of stdin and SIGTERM
        noisy                       writes 4 MiB to stderr before anything else
        child                       starts a process that stays if it can, its number in the log
        model                       fails each bake for want of weights
        taken                       refuses folders with frames, as those of another job
        busy                        says that another worker is at the same frames
        warn                        warns of something in each bake
        die:N kill:N hang:N         ends with code 3, by SIGKILL, or stops doing anything
        garbage:N half:N long:N     writes what is no JSON, half a line and dies, or 10 MiB of line
        full:N                      fails as a full disk does
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

VERSION = 1
LONGEST = 1 << 20
PREFIX = "ROBUST_MATTE_STUB_"
MESSAGES: dict[str, dict[str, tuple[bool, Any]]] = {  # key: whether it must be there, its type
    "probe": {"id": (True, str), "job": (False, dict)},
    "bake": {"id": (True, str), "job": (False, dict), "job_file": (False, str)},
    "preview": {
        "id": (True, str),
        "job": (True, dict),
        "frame": (True, int),
        "quick": (False, bool),
        "folder": (False, str),
    },
    "cancel": {"id": (True, str)},
    "quit": {},
}
SETTINGS = {
    *("plate", "output", "frames", "first_frame", "model", "offline", "refiner", "device"),
    *("threads", "downsample", "framing", "roi", "warm_up", "cuts", "cuts_rate", "cuts_at"),
    *("missing", "nonfinite", "work_area", "cold", "plate_space", "output_space", "config"),
    *("gain", "garbage", "invert_garbage", "core", "source_alpha", "despill", "format", "layer"),
    *("view", "layers", "depth", "compression", "crop", "overwrite", "repin", "hint_dir"),
    *("hint_depth", "contact_sheet", "review", "review_over"),
    *("matte_grow", "matte_soften", "matte_gamma", "matte_black", "matte_white"),
}
PATHS = ("plate", "output", "garbage", "core", "hint_dir", "review")
MOVIES = (".mov", ".mp4", ".mkv", ".mxf", ".avi", ".webm")
WARNING = "The stub warns; --model or --nonfinite changes that."
GO_ON = "Run the same command again: what is finished is kept."

Answer = dict[str, Any]


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """What `failed` tells.

    Args:
        code: Whose fault it is.
        what: What is wrong.
        hint: The way out.
        job: The job, where it is known.
    """

    def __init__(self, code: str, what: str, hint: str = "", job: str | None = None) -> None:
        super().__init__(what)
        self.answer = {"event": "failed", "id": job, "code": code, "what": what, "hint": hint}
        self.answer["frame"] = None


class Stopped(Exception):  # noqa: N818
    """The job was cancelled."""


# --- what it is told to do wrong


def faults() -> dict[str, int | None]:
    """Return what is asked for, each with its frame or None."""
    words = os.environ.get(f"{PREFIX}FAULT", "").split(",")
    pairs = (word.strip().partition(":") for word in words if word.strip())
    return {name: int(number) if number else None for name, _, number in pairs}


FAULTS = faults()


def happens(name: str, frame: int | None = None) -> bool:
    return name in FAULTS and FAULTS[name] in (None, frame)


def misbehave(frame: int, say_raw: Callable[[bytes], None]) -> None:
    """Do what is to go wrong before a frame."""
    if happens("die", frame):
        grumble("Traceback (most recent call last):\nRuntimeError: the stub dies")
        os._exit(3)
    if happens("kill", frame):
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    if happens("garbage", frame):
        say_raw(b"a stray print of a library \xff\n")
    if happens("half", frame):
        say_raw(b'{"v":1,"event":"fra')
        os._exit(4)
    if happens("long", frame):
        say_raw(b"x" * (10 << 20) + b"\n")
    while happens("hang", frame):
        time.sleep(60)


# --- frames and files


def frame_numbers(job: dict[str, Any]) -> list[int]:
    """Return the frames that a job writes, as the real worker counts them."""
    plate = Path(job["plate"])
    if plate.suffix.lower() in MOVIES:
        first = job.get("first_frame", 1)
        count = int(os.environ.get(f"{PREFIX}MOVIE", "10"))
        there = list(range(first, first + count))
    else:
        there = sorted(numbers_on_disk(plate))
    if not there or (plate.suffix.lower() in MOVIES and not plate.is_file()):
        raise Refused("input", f"{plate} does not exist.", "Check the name.")
    if job.get("frames") is None:
        return there
    wanted = list(parse_range(job["frames"]))
    lacking = sorted(set(wanted) - set(there))
    if lacking:
        raise Refused("missing_frames", f"{plate} lacks the frames {lacking}.", "Render them.")
    return wanted


def numbers_on_disk(plate: Path) -> Iterator[int]:
    """Yield the frame numbers of a pattern with ####, a folder, or one file."""
    if plate.is_file():
        found = re.search(r"(\d+)\.\w+$", plate.name)
        yield int(found[1]) if found else 1
        return
    folder, name = (plate, "") if plate.is_dir() else (plate.parent, plate.name)
    pattern = re.sub(r"\\?#+|%0\d+d", r"(-?\\d+)", re.escape(name).replace("\\#", "#"))
    fits = re.compile(pattern if name else r".*?(-?\d+)\.\w+$")
    for path in folder.iterdir() if folder.is_dir() else ():
        found = fits.fullmatch(path.name)
        if found:
            yield int(found[1])


def parse_range(text: str) -> Iterator[int]:
    """Yield the frames of `1001-1010x2,1020`."""
    for part in text.split(","):
        found = re.fullmatch(r"(-?\d+)(?:-(-?\d+)(?:x(\d+))?)?", part.strip())
        if found is None:
            raise Refused("settings", f"The frames {text} cannot be read.", "Write 1001-1010.")
        last = int(found[2] or found[1])
        yield from range(int(found[1]), last + 1, int(found[3] or 1))


def output_pattern(job: dict[str, Any]) -> Path:
    """Return the name of a job's files, with #### for the number."""
    output = Path(job["output"])
    if output.suffix.lower() == ".exr":
        return output
    plate = Path(job["plate"])
    if plate.suffix.lower() in MOVIES:
        return output / f"{plate.stem}_matte.####.exr"
    found = re.fullmatch(r"(.*?)([._]?)(#+|%0\d+d|-?\d+)\.\w+", plate.name)
    stem, dot = (found[1], found[2]) if found else (plate.stem, ".")
    return output / f"{stem}_matte{dot or '.'}####.exr"


def layer_patterns(job: dict[str, Any]) -> dict[str, Path]:
    """Return the names of a job's files, by layer: one file, or with `separate` one of each."""
    whole = output_pattern(job)
    if job.get("layers") != "separate":
        return {"rgba": whole}
    return {
        layer: whole.parent / layer / re.sub(r"([._]?)(#+)", rf"_{layer}\1\2", whole.name, count=1)
        for layer in ("rgba", "alpha", "foreground")
    }


def job_folder(pattern: Path) -> Path:
    return pattern.parent / f"{pattern.name.split('.')[0]}.robust_matte"


def numbered(pattern: Path, number: int) -> Path:
    name = re.sub(r"#+", lambda holes: str(number).zfill(len(holes[0])), pattern.name)
    return pattern.with_name(name)


def content_of(number: int, turn: int) -> bytes:
    """Return the file of a frame."""
    folder = os.environ.get(f"{PREFIX}FRAMES")
    if not folder:
        return made_up(number)
    files = sorted(Path(folder).glob("*.exr"))
    own = [path for path in files if number in map(int, re.findall(r"\d+", path.name))]
    return (own[0] if own else files[turn % len(files)]).read_bytes()


def write(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


WIDTH, HEIGHT = 16, 12


def made_up(number: int) -> bytes:
    """Return a multipart EXR, half and without compression, whose pixels tell the frame number."""
    foreground = {"B": 4.0, "G": 0.25, "R": float(number)}
    rgba = {"A": 0.5, **{name: value / 2 for name, value in foreground.items()}}
    parts = [("rgba", rgba), ("alpha", {"Y": 0.5}), ("foreground", foreground)]
    head = struct.pack("<II", 20000630, 2 | 0x1000)
    head += b"".join(part_header(name, channels) for name, channels in parts) + b"\0"
    place = len(head) + 8 * HEIGHT * len(parts)
    offsets, chunks = b"", b""
    for index, (_, channels) in enumerate(parts):
        row = b"".join(struct.pack("<e", channels[name]) * WIDTH for name in sorted(channels))
        for line in range(HEIGHT):
            offsets += struct.pack("<Q", place + len(chunks))
            chunks += struct.pack("<iii", index, line, len(row)) + row
    return head + offsets + chunks


def part_header(name: str, channels: dict[str, float]) -> bytes:
    window = struct.pack("<iiii", 0, 0, WIDTH - 1, HEIGHT - 1)
    listed = b"".join(
        one.encode() + b"\0" + struct.pack("<iB3xii", 1, 0, 1, 1) for one in sorted(channels)
    )
    attributes = [
        ("channels", "chlist", listed + b"\0"),
        ("chunkCount", "int", struct.pack("<i", HEIGHT)),
        ("compression", "compression", b"\0"),
        ("dataWindow", "box2i", window),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", b"\0"),
        ("name", "string", name.encode()),
        ("pixelAspectRatio", "float", struct.pack("<f", 1.0)),
        ("screenWindowCenter", "v2f", struct.pack("<ff", 0.0, 0.0)),
        ("screenWindowWidth", "float", struct.pack("<f", 1.0)),
        ("type", "string", b"scanlineimage"),
    ]
    written = (
        key.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value
        for key, kind, value in attributes
    )
    return b"".join(written) + b"\0"


# --- messages


def parse_message(line: bytes) -> Answer:
    """Return a message, or raise what the real worker would say."""
    if len(line) > LONGEST:
        raise Refused("protocol", f"A line is longer than {LONGEST} bytes.")
    try:
        message = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refused("protocol", "A line cannot be understood: it is no JSON.") from error
    if not isinstance(message, dict):
        raise Refused("protocol", "A line cannot be understood: it is no JSON object.")
    do, job = message.get("do"), message.get("id")
    named = job if do in ("probe", "bake", "preview") and isinstance(job, str) and job else None
    if type(message.get("v")) is not int or message["v"] != VERSION:
        raise Refused("protocol", f"A message has the version {message.get('v')!r}.", job=named)
    if not isinstance(do, str) or do not in MESSAGES:
        raise Refused("protocol", f"A message asks to do {do!r}, which this worker cannot.")
    check_keys(do, message, named)
    return message


def check_keys(do: str, message: Answer, job: str | None) -> None:
    known = MESSAGES[do]
    for key, (is_needed, _) in known.items():
        if is_needed and key not in message:
            raise Refused("protocol", f"The message {do} lacks {key}.", job=job)
    for key in set(message) - {"v", "do"}:
        if key not in known:
            raise Refused("protocol", f"The message {do} has no key {key}.", job=job)
        value, (is_needed, kind) = message[key], known[key]
        is_nothing = value is None and not is_needed and key in ("job", "job_file", "folder")
        if not is_nothing and (type(value) is not kind or value == ""):
            raise Refused("protocol", f"In the message {do}, {key} cannot be {value!r}.", job=job)
    if do == "bake" and (message.get("job") is None) == (message.get("job_file") is None):
        raise Refused(
            "protocol", "The message bake has both job and job_file, or neither.", job=job
        )


def check_job(job: dict[str, Any], needs_output: bool) -> None:
    """Raise what the real worker would say of settings."""
    for key in job:
        if key not in SETTINGS:
            raise Refused("settings", f"{key} is no setting.", "Leave it out.")
    for key in PATHS:
        value = job.get(key)
        if isinstance(value, str) and not Path(value).is_absolute():
            raise Refused("settings", f"The {key} of the job is {value}.", "Write it in full.")
    if not isinstance(job.get("plate"), str) or not job["plate"]:
        raise Refused("settings", "The job has no plate.", "Name one.")
    if needs_output and job.get("output") is None:
        raise Refused("settings", "The job does not say where its result goes.", "Name an output.")
    if needs_output and job.get("layers", "combined") not in ("multipart", "combined", "separate"):
        raise Refused("settings", f"The stub writes no layers {job['layers']}.")


# --- jobs


class Stub:
    """One job at a time on the main thread, messages on another."""

    def __init__(self) -> None:
        self._out = sys.stdout.buffer
        self._saying = threading.Lock()
        self._taking = threading.Lock()
        self._tasks: queue.Queue[Answer | None] = queue.Queue()
        self._job: str | None = None
        self._stop = threading.Event()
        self._previews: dict[Path, Path] = {}
        self._pace_s = float(os.environ.get(f"{PREFIX}PACE", "0.02"))

    def run(self) -> None:
        self._get_ready()
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            task = self._tasks.get()
            if task is None:
                return
            answer = self._do(task)
            with self._taking:
                self._job = None
                self._stop.clear()
            self.say(answer)

    def say(self, answer: Answer) -> None:
        self.say_raw(json.dumps({"v": VERSION, **answer}).encode() + b"\n")

    def say_raw(self, line: bytes) -> None:
        try:
            with self._saying:
                self._out.write(line)
                self._out.flush()
        except OSError:  # nobody listens any more
            if not happens("deaf"):
                raise

    def _get_ready(self) -> None:
        if happens("noisy"):
            for number in range(1 << 15):
                grumble(f"{number:06d}" + "." * 121)
        if happens("child"):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            log(f'{{"child": {child.pid}}}')
        if happens("deaf") and hasattr(signal, "SIGTERM"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while happens("never-ready"):
            grumble("loading for ever")
            time.sleep(60)
        protocol = 2 if happens("protocol-2") else VERSION
        models = [{"name": "draft", "present": True}, {"name": "mobilenetv3", "present": False}]
        self.say(
            {
                "event": "ready",
                "version": "0.0-stub",
                "protocols": [protocol],
                "devices": [{"name": "cpu", "label": "no network, made up"}],
                "models": models,
            }
        )

    def _listen(self) -> None:
        while True:
            line = sys.stdin.buffer.readline(LONGEST + 2)
            if not line:
                break
            if not line.strip():
                continue
            try:
                if not line.endswith(b"\n") and len(line) > LONGEST:
                    skip_line()
                message = parse_message(line.strip())
            except Refused as refused:
                self.say(refused.answer)
                continue
            log(line.decode("utf-8").strip())
            if message["do"] == "quit" and not happens("deaf"):
                break
            self._take(message)
        if not happens("deaf"):
            self._stop.set()
            self._tasks.put(None)

    def _take(self, message: Answer) -> None:
        do = message["do"]
        with self._taking:
            busy = self._job
            if do == "cancel" and busy == message["id"]:
                self._stop.set()
                return
            if do not in ("cancel", "quit") and busy is None:
                self._job = message["id"]
                self._tasks.put(message)
                return
        if do == "cancel":
            text = f"There is no job {message['id']} to cancel."
            self.say({"event": "warning", "id": message["id"], "text": text})
        elif do != "quit" and message["id"] == busy:
            text = f"The job {busy} runs, and another one has the same id."
            self.say(Refused("protocol", text, "Give each job an id of its own.").answer)
        elif do != "quit":
            self.say(
                Refused("busy", f"The worker is at another job, {busy}.", "", message["id"]).answer
            )

    def _do(self, task: Answer) -> Answer:
        """Do a job, and return what it ends with."""
        try:
            self._stage(task["id"], "planning", 0, 0, "starting", 0.0)
            manifest = getattr(self, f"_{task['do']}")(task)
        except Refused as refused:
            return {**refused.answer, "id": task["id"]}
        except Stopped:
            how = {"resumable": task["do"] == "bake", "what": "Stopped.", "hint": GO_ON}
            return {"event": "cancelled", "id": task["id"], **how}
        return {"event": "done", "id": task["id"], "manifest": manifest}

    def _stage(
        self, job: str, stage: str, done: int, total: int, text: str, percent: float
    ) -> None:
        told = {"stage": stage, "done": done, "total": total, "text": text, "percent": percent}
        self.say({"event": "stage", "id": job, **told, "eta_s": None})
        if self._stop.is_set() and not happens("deaf"):
            raise Stopped

    def _probe(self, task: Answer) -> Answer:
        plate = None
        if task.get("job") is not None:
            check_job(task["job"], needs_output=False)
            numbers = frame_numbers(task["job"])
            plate = {"frames": as_range(numbers), "count": len(numbers)}
        return {
            "machine": {"version": "0.0-stub", "python": sys.version.split()[0]},
            "plate": plate,
        }

    def _bake(self, task: Answer) -> Answer:
        job = task.get("job")
        if job is None:
            job = read_job(task["job_file"])
        check_job(job, needs_output=True)
        numbers = frame_numbers(job)
        if happens("model"):
            raise Refused("model", "The weights are not there.", "Fetch them.")
        there = [numbered(path, one) for path in layer_patterns(job).values() for one in numbers]
        if happens("taken") and any(path.is_file() for path in there):
            what = f"{there[0]} exists and was not written by this job."
            hint = "Choose another output, or replace it with --overwrite."
            raise Refused("output", what, hint)
        if happens("busy"):
            raise Refused("preempted", f"The frames {as_range(numbers)} are being keyed.", "Wait.")
        for stage in ("loading", "planning", "warming"):
            self._stage(task["id"], stage, 1, 1, f"{stage} in the stub", 5.0)
        warnings = [WARNING] if happens("warn") else []
        for text in warnings:
            self.say({"event": "warning", "id": task["id"], "text": text})
        pattern = output_pattern(job)
        layers = layer_patterns(job)
        left = [one for one in numbers if not numbered(layers["rgba"], one).is_file()]
        started = time.monotonic()
        for done, number in enumerate(left, 1):
            for pattern_of_layer in list(layers.values())[1:]:
                write(numbered(pattern_of_layer, number), content_of(number, done - 1))
            path = numbered(layers["rgba"], number)
            self._key(task["id"], number, path, (done, len(left)), started)
        self._stage(task["id"], "writing", 1, 1, "contact sheet", 100.0)
        return {
            "outputs": {layer: str(path) for layer, path in layers.items()},
            "frames": as_range(numbers),
            "written": len(left),
            "kept": len(numbers) - len(left),
            "held": 0,
            "black": 0,
            "segments": 1,
            "model": "stub",
            "weights": "0" * 64,
            "warnings": warnings,
            "job_folder": str(pattern.parent / f"{pattern.name.split('.')[0]}.robust_matte"),
            "approximate": bool(job.get("cold", False)),
            "notes": ["Nothing was keyed."],
            "seconds": round(time.monotonic() - started, 3),
        }

    def _key(
        self, job: str, number: int, path: Path, count: tuple[int, int], started: float
    ) -> None:
        """Make one frame and tell it."""
        done, total = count
        misbehave(number, self.say_raw)
        self._wait(self._pace_s)
        if happens("full", number):
            what = f"The disk that holds {path.parent} is full: {path.name} was not written."
            raise Refused("output", what, "Free some space or choose another output folder.")
        write(path, content_of(number, done - 1))
        self._tell_frame(job, number, path, count, started)
        if self._stop.is_set() and not happens("deaf") and done < total:
            raise Stopped

    def _tell_frame(
        self, job: str, number: int, path: Path, count: tuple[int, int], started: float
    ) -> None:
        done, total = count
        rate = done / max(time.monotonic() - started, 1e-6)
        told = {"number": number, "done": done, "total": total, "fps": round(rate, 3)}
        self.say(
            {
                "event": "frame",
                "id": job,
                **told,
                "eta_s": (total - done) / rate,
                "percent": 5.0 + 90.0 * done / total,
                "files": [str(path)],
                "reset": "first frame" if done == 1 else None,
            }
        )

    def _preview(self, task: Answer) -> Answer:
        job, number = task["job"], task["frame"]
        check_job(job, needs_output=True)
        if task.get("folder") is not None and not Path(task["folder"]).is_absolute():
            raise Refused("settings", "The folder says nothing about where it is.")
        if number not in frame_numbers({**job, "frames": None}):
            raise Refused("settings", f"The plate has no frame {number}.", "Take another.")
        pattern = output_pattern(job)
        folder = Path(task.get("folder") or job_folder(pattern) / "preview")
        if folder == pattern.parent:
            raise Refused("settings", f"The folder {folder} is where the frames go.")
        misbehave(number, self.say_raw)
        self._stage(task["id"], "warming", 1, 1, "rolling in the stub", 50.0)
        self._wait(self._pace_s)
        path = folder / numbered(pattern, number).name
        before = self._previews.pop(folder, path)
        if before != path and before.is_file():
            before.unlink()
        write(path, content_of(number, 0))
        self._previews[folder] = path
        self._tell_frame(task["id"], number, path, (1, 1), time.monotonic())
        return {
            "files": {"rgba": str(path)},
            "frame": number,
            "approximate": task.get("quick", False),
            "rolled": 0,
            "seconds": {"plan": 0.0, "roll": 0.0, "key": self._pace_s, "write": 0.0},
            "warnings": [],
            "notes": ["Nothing was keyed."],
        }

    def _wait(self, seconds: float) -> None:
        """Take time, and tell every second that it goes on."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, 1.0))
            if left > 1.0 and self._job is not None:
                beat = {"stage": "keying", "done": 0, "total": 0, "text": "keying", "percent": 5.0}
                self.say({"event": "stage", "id": self._job, **beat, "eta_s": None})


def as_range(numbers: list[int]) -> str:
    is_whole = numbers == list(range(numbers[0], numbers[-1] + 1))
    return f"{numbers[0]}-{numbers[-1]}" if is_whole else ",".join(map(str, numbers))


def read_job(name: str) -> dict[str, Any]:
    try:
        job = json.loads(Path(name).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Refused("input", f"The job {name} cannot be read.") from error
    return dict(job)


def skip_line() -> None:
    while True:
        more = sys.stdin.buffer.readline(LONGEST)
        if not more or more.endswith(b"\n"):
            return


def grumble(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def log(line: str) -> None:
    name = os.environ.get(f"{PREFIX}LOG")
    if name:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["serve"]:
        sys.exit(f"usage: stub_worker.py serve, not {sys.argv[1:]}")
    Stub().run()
    sys.stdout.flush()
    os._exit(0)  # the thread at stdin may wait in a read
