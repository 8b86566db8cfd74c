"""Bringing weights into a folder, whole and checked: fetched or imported."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from robust_matte.errors import DiskFullError, OutputError, SettingsError, WeightsDamagedError
from robust_matte.media.atomic import output_error, write_atomically
from robust_matte.weights.download import discard_part, download
from robust_matte.weights.identity import (
    Fingerprint,
    Standing,
    StoredWeights,
    check_identity,
    identify_weights,
    pin,
    take_fingerprint,
)
from robust_matte.weights.known import KNOWN, KnownWeights, get_known
from robust_matte.weights.places import is_here

__all__ = ["NetworkCheck", "Teller", "fetch_weights", "import_weights", "verify_weights"]

NetworkCheck = Callable[[Path], str]
"""Loads a weights file and returns the name of its network; raises WeightsDamagedError."""

Teller = Callable[[str, int, int], None]
"""Called with what is being done, and the bytes that are here and in all, or 0."""


def fetch_weights(
    known: KnownWeights,
    folder: Path,
    address: str,
    check_network: NetworkCheck,
    tell: Teller,
) -> StoredWeights:
    """Fetch weights into a folder, unless they are there; the final name holds the right file only.

    Several processes may do so at once: one fetches, the others wait.

    Args:
        known: Which weights.
        folder: Where to; made if it is missing.
        address: Where from, without the file's name; see `places.mirror`.
        check_network: Loads a file and returns the name of its network, as that of
            `keying/network_check.py`. Asked only where no identity is known.
        tell: Called with what is done, and the bytes that are here and in all.

    Raises:
        WeightsMissingError: They cannot be fetched, and what came is kept for the next call; or
            their folder cannot be looked into.
        WeightsDamagedError: What came is something else; nothing of it is kept.
        OutputError: The folder cannot be written.
    """
    place = folder / known.file
    there = _sure(known, place)
    if there is not None:  # also where nothing may be written, not even a lock
        return there
    with _writing_to(place), _alone(place, tell):
        return _taken_on(known, place, check_network) or _fetch_into(
            place, known, address, check_network, tell
        )


def _fetch_into(
    place: Path, known: KnownWeights, address: str, check_network: NetworkCheck, tell: Teller
) -> StoredWeights:
    """Fetch a file beside its place, and move it there if it is the right one."""
    url = "/".join((address, known.file))
    part = place.with_name(f".{place.name}.part")
    tell(f"{known.file} from {address}", 0, 0)  # a server that is silent is waited for
    try:
        download(url, part, partial(tell, f"{known.file} from {address}, in MiB"))
        fetched = _judge(known, part, place, check_network, source=url)
    except (WeightsDamagedError, OSError):  # no beginning to go on with, or a full disk
        discard_part(part)
        raise

    def move(temporary: Path) -> None:
        part.replace(temporary)

    settled = _settle(fetched, place, move)
    discard_part(part)
    return settled


def import_weights(
    file: Path, name: str | None, folder: Path, check_network: NetworkCheck, tell: Teller
) -> tuple[KnownWeights, StoredWeights]:
    """Copy a weights file into a folder, under the name of what it is.

    Args:
        file: The file; it stays where it is.
        name: What it is to be; None finds out.
        folder: Where to; made if it is missing.
        check_network: As for `fetch_weights`.
        tell: Called with what is done.

    Returns:
        Which weights they are, and the copy.

    Raises:
        SettingsError: No weights have that name, or they are part of this program.
        WeightsMissingError: The file cannot be read.
        WeightsDamagedError: It is something else.
        OutputError: The folder cannot be written.
    """
    file = file.absolute()
    content = take_fingerprint(file)
    known = get_known(name) if name is not None else _recognise(file, content, check_network)
    if known.is_packaged:
        raise SettingsError(
            f"The weights {known.name} are part of this program, and no other file takes their "
            "place.",
            hint=f"Use yours by its path, --model {file}.",
        )
    place = folder / known.file
    with _writing_to(place), _alone(place, tell):
        found = _judge(known, file, place, check_network, source=str(file), is_own=True)

        def copy(temporary: Path) -> None:
            shutil.copyfile(file, temporary)
            if take_fingerprint(temporary) != found.content:
                raise WeightsDamagedError(
                    f"{file} changed while it was copied.", hint="Run the same command again."
                )

        is_there = place.exists() and place.samefile(file)
        return known, _settle(found, place, None if is_there else copy)


def verify_weights(
    known: KnownWeights | None, path: Path, check_network: NetworkCheck
) -> StoredWeights:
    """Check a weights file: what it is, and that the network takes it.

    Args:
        known: What it should be; None for weights of the user's own.
        path: The file.
        check_network: As for `fetch_weights`.

    Raises:
        WeightsMissingError: It cannot be read.
        WeightsDamagedError: It is something else, or no network takes it.
    """
    stored = identify_weights(known, path)
    network = check_network(path)
    if known is not None:
        _refuse_other_network(known, network, str(path))
    return stored


def _sure(known: KnownWeights, place: Path) -> StoredWeights | None:
    """Return the weights that are in their place, if what they are is known and right."""
    if not is_here(place):
        return None
    try:
        there = identify_weights(known, place)
    except WeightsDamagedError:
        return None
    return None if there.standing is Standing.UNKNOWN else there


def _taken_on(
    known: KnownWeights, place: Path, check_network: NetworkCheck
) -> StoredWeights | None:
    """Return weights that another start, or somebody, put in their place, if they are right."""
    if not is_here(place):
        return None
    try:
        there = _judge(known, place, place, check_network, source=str(place))
    except WeightsDamagedError:
        return None
    return _settle(there, place, None)


def _judge(
    known: KnownWeights,
    file: Path,
    place: Path,
    check_network: NetworkCheck,
    *,
    source: str,
    is_own: bool = False,
) -> StoredWeights:
    """Make sure that a file is what it is to be; `source` and `is_own` as in `check_identity`."""
    content = take_fingerprint(file)
    standing = check_identity(known, content, place, source=source, is_own=is_own)
    if standing is Standing.UNKNOWN:
        try:
            network = check_network(file)
        except WeightsDamagedError as error:
            raise WeightsDamagedError(
                f"These are no weights of {known.name}: {error.what.replace(str(file), source)}",
                hint=error.hint,
                path=file,
            ) from error
        _refuse_other_network(known, network, source)
    return StoredWeights(file, content, standing)


def _refuse_other_network(known: KnownWeights, network: str, source: str) -> None:
    if network != known.name:
        raise WeightsDamagedError(
            f"{source} is for the network {network}, not for {known.name}.",
            hint="Use it by its path, --model FILE."
            if get_known(network).is_packaged
            else f"Use it under its own name, {network}.",
        )


def _recognise(file: Path, content: Fingerprint, check_network: NetworkCheck) -> KnownWeights:
    """Say what a file is: by its identity, else by the network that it fits."""
    same = (one for one in KNOWN.values() if one.git_blob == content.git_blob)
    return next(same, None) or get_known(check_network(file))


def _settle(
    found: StoredWeights, place: Path, write: Callable[[Path], None] | None
) -> StoredWeights:
    """Put weights in their place, unless they are, and remember what they are if nobody else does.

    The pin comes last: one of a file that never came would keep the next one out.
    """
    standing = found.standing
    if write is not None:
        write_atomically(place, write)
    if standing is Standing.UNKNOWN:
        pin(place, found.content)
        standing = Standing.PINNED
    return StoredWeights(place, found.content, standing)


@contextmanager
def _writing_to(place: Path) -> Iterator[None]:
    """Make the folder, and say of weights what to do if it cannot be written."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        yield
    except (OutputError, OSError) as error:
        failure = error if isinstance(error, OutputError) else output_error(place, error)
        raise type(failure)(failure.what, hint=_way_out(failure, place), path=place) from error


@contextmanager
def _alone(place: Path, tell: Teller) -> Iterator[None]:
    """Let one process at a time work on a file.

    The lock's empty file stays, hidden: removing it would let two in.
    """
    lock = FileLock(place.with_name(f".{place.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell(f"waiting for the process that is getting {place.name}", 0, 0)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _way_out(error: OutputError, place: Path) -> str:
    if isinstance(error, DiskFullError):
        return (
            "Free some space, or let ROBUST_MATTE_WEIGHTS name a folder on another disk, and run "
            "the same command again."
        )
    return (
        f"Ask whoever keeps {place.parent} to run the same command, or let ROBUST_MATTE_WEIGHTS "
        "name a folder that you may write to."
    )
