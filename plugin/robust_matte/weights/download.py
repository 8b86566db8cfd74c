"""Fetching one file over HTTP, going on where an earlier attempt broke off."""

import json
import re
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse, InvalidURL
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from robust_matte.errors import WeightsMissingError
from robust_matte.media.atomic import write_atomically
from robust_matte.weights.known import tell_other_ways

__all__ = ["Told", "discard_part", "download"]

# The standard library's client knows proxies, SSL_CERT_FILE, redirects and time limits, all that
# one file needs; a larger client would not resume by itself either.

Told = Callable[[int, int], None]
"""Called with the bytes that are here, and those of the whole file or 0."""

_BLOCK = 1 << 18
_STALLED_S = 30.0
_PAUSES_S = (1.0, 3.0)
_UNSATISFIABLE = 416  # nothing can be added to what is here
_PASSING = {408, _UNSATISFIABLE, 425, 429}
_NO_ADDRESS = "this is no http or https address"
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class _BrokenOffError(Exception):
    """An attempt ended early.

    Args:
        reason: Why, in words.
        is_final: Another attempt cannot get further.
        is_stale: What is here is no beginning of the file that is there now.
    """

    def __init__(self, reason: str, *, is_final: bool = False, is_stale: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final
        self.is_stale = is_stale


@dataclass(frozen=True, slots=True)
class _Begun:
    """The beginning of a file, and which version of it that is.

    Attributes:
        size: Bytes that are here.
        validator: The server's ETag or date of that version; empty if they are of no use.
    """

    size: int
    validator: str


def download(
    url: str,
    part: Path,
    told: Told,
    *,
    stalled_s: float = _STALLED_S,
    pauses_s: Sequence[float] = _PAUSES_S,
) -> None:
    """Fetch `url` into `part`, whole; what an earlier call left there is gone on with.

    Bytes are only added to a beginning that the server says is of the same version; else the file
    is fetched from the start. An attempt that broke off is repeated at once if it brought bytes.

    Args:
        url: An http or https address.
        part: The file to write; what is known of it is kept beside it, for a later call.
        told: Called as bytes come.
        stalled_s: How long the server may send nothing.
        pauses_s: How long to wait after attempts in a row that brought nothing; one more is made
            after the last pause.

    Raises:
        WeightsMissingError: It cannot be fetched; what came is kept.
        OutputError, OSError: The disk cannot be written.
    """
    furthest, fruitless = _begun(url, part).size, 0
    while True:
        try:
            return _attempt(url, part, told, stalled_s)
        except _BrokenOffError as error:
            size = part.stat().st_size if part.exists() else 0
            furthest, fruitless = max(furthest, size), 0 if size > furthest else fruitless + 1
            if error.is_stale:
                discard_part(part)
            if error.is_final or fruitless > len(pauses_s):
                raise _given_up(url, part, error) from error
            if fruitless:
                time.sleep(pauses_s[fruitless - 1])


def discard_part(part: Path) -> None:
    """Remove what `download` wrote."""
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _given_up(url: str, part: Path, error: _BrokenOffError) -> WeightsMissingError:
    if error.is_final:
        next_step = "Check the address and ROBUST_MATTE_WEIGHTS_URL"
    elif _begun(url, part).size:
        next_step = "Run the same command again, which goes on from there"
    else:
        next_step = "Check the network, and run the same command again"
    return WeightsMissingError(
        f"{url} could not be fetched: {error.reason}.",
        hint=f"{next_step}; or {tell_other_ways('the file')}.",
    )


def _attempt(url: str, part: Path, told: Told, stalled_s: float) -> None:
    """Make one request, and write what comes."""
    begun = _begun(url, part)
    with _open(url, begun, stalled_s) as response:
        start, total = _extent(response, begun)
        if start == 0:
            _begin(url, part, _validator(response.headers))
        with part.open("r+b") as file:
            file.seek(start)
            done = start
            told(done, total)
            while block := _receive(response):
                file.write(block)
                done += len(block)
                told(done, total)
    if done < total:
        raise _BrokenOffError(f"the connection was closed after {done} of {total} bytes")


def _open(url: str, begun: _Begun, stalled_s: float) -> HTTPResponse:
    """Ask for the rest of a file, or for all of it."""
    if not url.lower().startswith(("http://", "https://")):
        raise _BrokenOffError(_NO_ADDRESS, is_final=True)
    headers = {"User-Agent": "robust-matte", "Accept-Encoding": "identity"}
    if begun.size:
        headers |= {"Range": f"bytes={begun.size}-", "If-Range": begun.validator}
    try:
        request = Request(url, headers=headers)  # noqa: S310 - the scheme is looked at above
        response: HTTPResponse = build_opener(_SafeRedirects).open(request, timeout=stalled_s)
    except HTTPError as error:
        error.close()
        raise _BrokenOffError(
            f"the server answers {error.code} ({error.reason})",
            is_final=error.code < 500 and error.code not in _PASSING,
            is_stale=error.code == _UNSATISFIABLE,
        ) from error
    except (HTTPException, OSError, ValueError) as error:
        raise _without_answer(error) from error
    return response


def _without_answer(error: HTTPException | OSError | ValueError) -> _BrokenOffError:
    """Say why there is no answer: what is no address stays so, as does a certificate."""
    cause = error.reason if isinstance(error, URLError) else error
    # A blank; a letter beyond ASCII, an empty label, half a pair of brackets.
    if isinstance(cause, InvalidURL | ValueError) and not isinstance(cause, OSError):
        return _BrokenOffError(_NO_ADDRESS, is_final=True)
    is_final = isinstance(cause, ssl.SSLCertVerificationError)
    return _BrokenOffError(_reason(cause), is_final=is_final)


class _SafeRedirects(HTTPRedirectHandler):
    """Follows redirects, but never from https to http: not every file has a known identity."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            raise _BrokenOffError(f"it leads away from https, to {newurl}", is_final=True)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _receive(response: HTTPResponse) -> bytes:
    """Return what has come, at least one byte, or nothing at the end."""
    try:
        return response.read1(_BLOCK)
    except (HTTPException, OSError) as error:
        raise _BrokenOffError(_reason(error)) from error


def _reason(error: BaseException | str) -> str:
    """Say why the network failed, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            "its certificate is not trusted here; a studio's proxy may need SSL_CERT_FILE "
            f"({error.verify_message})"
        )
    if isinstance(error, TimeoutError):
        return "the server sends nothing"
    if isinstance(error, HTTPException):
        return "the connection was closed"
    text = error if isinstance(error, str) else getattr(error, "strerror", None)
    return (text or "there is no connection").rstrip(".")


def _extent(response: HTTPResponse, begun: _Begun) -> tuple[int, int]:
    """Return at which byte the answer starts, and the bytes of the whole file or 0."""
    if response.status != 206:
        return 0, response.length or 0
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if found is None or int(found[1]) != begun.size:
        raise _BrokenOffError("the server sends another part than was asked for", is_final=True)
    if _validator(response.headers) not in ("", begun.validator):
        # The server took no notice of If-Range.
        raise _BrokenOffError("the file changed while it was fetched", is_stale=True)
    return begun.size, int(found[2])


def _validator(headers: HTTPMessage) -> str:
    """Return what tells this version of a file from others byte by byte, or nothing."""
    tag: str = headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return str(headers.get("Last-Modified", ""))


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _begin(url: str, part: Path, validator: str) -> None:
    """Start a file from nothing, noting first of which version it will be."""
    discard_part(part)
    write_atomically(_note(part), json.dumps({"url": url, "validator": validator}).encode())
    part.touch()


def _begun(url: str, part: Path) -> _Begun:
    """Return what of this file is here and can be gone on with."""
    try:
        note = json.loads(_note(part).read_bytes())
        if note["url"] == url and note["validator"]:
            return _Begun(part.stat().st_size, note["validator"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass
    return _Begun(0, "")
