"""The files of a job for Thinkbox Deadline 10: its plug-in CommandLine, and a script to submit."""

from collections.abc import Sequence

from robust_matte.errors import SettingsError
from robust_matte.farm.farm_job import FarmJob
from robust_matte.farm.scripts import script
from robust_matte.farm.verbs import Manner, bin_task, places_of, planned

__all__ = ["MANNER", "deadline10_files"]

MANNER = Manner(progress="deadline")
_FRAME = "<STARTFRAME>"  # the plug-in puts the task's frame there: the bin


def deadline10_files(job: FarmJob, info: Sequence[str] = ()) -> dict[str, str]:
    """Return the text of each file by its name: a pair for each of the jobs, and submit.py.

    Args:
        job: The job.
        info: Further lines of each job's info file, such as `Pool=comp`.

    Raises:
        SettingsError: A further line is none, or a word cannot be written in these files.
    """
    for line in info:
        name, sign, _ = line.partition("=")
        if not sign or not name.isalnum() or "\n" in line:
            raise SettingsError(
                f'The job info "{line}" is not KEY=VALUE.', hint="Write it like --info Pool=comp."
            )
    places = places_of(job, MANNER)
    tasks = {"plan": (planned(job, places), "1")}
    task, bins = bin_task(_FRAME, job.bins), f"1-{job.bins}"
    if job.split:
        tasks["states"] = ([*job.program, *places.states_words(task)], bins)
    tasks["key"] = ([*job.program, *places.key_words(task)], bins)
    tasks["check"] = ([*job.program, *places.check_words()], "1")
    made = {}
    for stem, (words, frames) in tasks.items():
        made[f"{stem}_job_info.txt"] = _job_info(job, stem, frames, info)
        made[f"{stem}_plugin_info.txt"] = _plugin_info(words)
    return made | {"submit.py": script("deadline10_submit.py.txt", {"jobs": list(tasks)})}


def _job_info(job: FarmJob, stem: str, frames: str, info: Sequence[str]) -> str:
    lines = [
        "Plugin=CommandLine",
        f"Name={job.name}: {stem}",
        f"BatchName={job.name}",
        f"Frames={frames}",
        "ChunkSize=1",
        f"OutputDirectory0={job.out}",
        *info,
    ]
    return "\n".join(lines) + "\n"


def _plugin_info(words: Sequence[str]) -> str:
    program, *arguments = words
    spelt = " ".join(map(_spelt, arguments))
    lines = ("ShellExecute=False", f"Executable={program}", f"Arguments={spelt}")
    return "\n".join(lines) + "\n"


def _spelt(word: str) -> str:
    """Return a word as it stands in `Arguments`, in quotes where it has to be."""
    if '"' in word or "\n" in word or (word.endswith("\\") and " " in word):
        raise SettingsError(
            f"{word} cannot be written in a job of Deadline 10.",
            hint="Leave quotes, line breaks and a backslash at the end out of it.",
        )
    is_plain = word and not set(word.removeprefix(_FRAME)) & set(" \t<>|&;()'")
    return word if is_plain else f'"{word}"'
