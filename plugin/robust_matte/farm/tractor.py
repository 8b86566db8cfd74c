"""A job for Pixar's Tractor, as the alfscript that tractor-spool takes."""

import re
from collections.abc import Sequence

from robust_matte import __version__
from robust_matte.farm.farm_job import FarmJob
from robust_matte.farm.verbs import Manner, bin_task, places_of, planned

__all__ = ["MANNER", "tractor_script"]

# Blades take a task that died by a signal for one that a user killed and never try it again, so a
# task that makes room ends with a code, which -retryrc names.
MANNER = Manner(progress="tractor", on_term="exit75")
_PREEMPTED = 75
_PLAIN = re.compile(r"[\w./:=,+-]+")


def tractor_script(job: FarmJob, service: str) -> str:
    """Return the alfscript of a job: its tasks one after the other, bins beside each other.

    Args:
        job: The job.
        service: The service key that blades which key offer.
    """
    places = places_of(job, MANNER)
    tasks = [_task("Plan", planned(job, places), service)]
    for title, words in {"States": places.states_words, "Key": places.key_words}.items():
        if title == "States" and not job.split:
            continue
        bins = [
            _task(f"{title} {number}", [*job.program, *words(bin_task(number, job.bins))], service)
            for number in range(1, job.bins + 1)
        ]
        tasks.append(f"Task {{{title}}} -subtasks {{\n{_indented(bins)}\n}}")
    tasks.append(_task("Check", [*job.program, *places.check_words()], service))
    head = f"##AlfredToDo 3.0\n# Robust Matte {__version__}, by `robust-matte farm tractor`\n"
    title = _word(job.name)
    return f"{head}Job -title {title} -serialsubtasks 1 -subtasks {{\n{_indented(tasks)}\n}}\n"


def _task(title: str, words: Sequence[str], service: str) -> str:
    command = " ".join(map(_word, words))
    options = f"-service {_word(service)} -retryrc {{{_PREEMPTED}}}"
    return f"Task {_word(title)} -cmds {{\n  RemoteCmd {{{command}}} {options}\n}}"


def _indented(tasks: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for task in tasks for line in task.splitlines())


def _word(word: str) -> str:
    r"""Return a word as Tcl reads it: in braces where it has to be, else with backslashes.

    Example:
        >>> _word("sh010/plate.####.exr"), _word("my plates")
        ('{sh010/plate.####.exr}', '{my plates}')
    """
    if _PLAIN.fullmatch(word):
        return word
    if not re.search(r"[{}\\]", word):
        return f"{{{word}}}"
    return re.sub(r"([^\w./:=,+-])", r"\\\1", word)
