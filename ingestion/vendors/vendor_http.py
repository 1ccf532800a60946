"""One JSON request over HTTP, with the response classified: an answer, no data, down, or garbage.

Messages never include the query of a URL, because it may hold the key.
"""

import json
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import httpx

from ingestion.errors import (
    GarbageError,
    KeyRefusedError,
    NoDataError,
    NotEntitledError,
    VendorDownError,
    VendorError,
)
from ingestion.vendors.limits import Line
from ingestion.vendors.protocol import Answers

T = TypeVar("T")
Keep = Callable[[str, bytes], object]

THREADS = 4
GZIP = "gzip"
LARGEST_ANSWER = 64_000_000  # bytes; a hundred times twenty years of daily rows
_SHOWN = 120
_NO_DATA, _TIMED_OUT, _TOO_MANY, _SERVER_ERROR, _BAD_REQUEST = 404, 408, 429, 500, 400
_NOT_ENTITLED = {402, 403}


class VendorHttp:
    """A client of a vendor's JSON API. headers, params: sent with every request; one of them holds the key.

    keep: called with the request, without the key, and the body of each successful response.
    """

    def __init__(
        self,
        line: Line,
        base_url: str,
        *,
        timeout: float,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        keep: Keep | None = None,
    ) -> None:
        self.line = line
        self._keep = keep
        self._timeout = timeout
        self._base_url = base_url.rstrip("/")
        self._params = dict(params or {})
        self._client = httpx.Client(
            timeout=timeout, headers={"Accept-Encoding": GZIP, **(headers or {})}, follow_redirects=False
        )

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        check: Callable[[Any], None] = lambda _: None,
    ) -> Any:
        """The decoded JSON. check: raises VendorError for an unusable response.

        Raises VendorError, after retries if they may help.
        """

        def once() -> Any:
            payload = self._once(path, {**self._params, **(params or {})})
            check(payload)
            return payload

        return self.line.call(once)

    def _once(self, path: str, params: Mapping[str, str]) -> Any:
        self.line.bucket.take()
        try:
            response, body = self._read(path, params)
        except httpx.TimeoutException:
            raise VendorDownError(f"no answer within {self._timeout:g} seconds") from None
        except httpx.HTTPError as error:
            raise VendorDownError(f"no connection ({error or type(error).__name__})") from None
        if response.status_code == _TOO_MANY:
            asked = self.line.too_many_requests(response.headers.get("Retry-After"))
            raise VendorDownError(f"HTTP 429, too many requests{_error_detail(body)}", retry_after=asked)
        self._raise_for_status(response.status_code, body)
        if self._keep is not None:
            asked_for = (f"{name}={value}" for name, value in params.items() if name not in self._params)
            self._keep(" ".join([path, *asked_for]), body)
        try:
            return json.loads(body)
        except (ValueError, RecursionError):  # including invalid UTF-8, and what is nested too deeply
            kind = response.headers.get("Content-Type", "unknown content").split(";")[0]
            raise GarbageError(f"not JSON but {kind}") from None

    def _read(self, path: str, params: Mapping[str, str]) -> tuple[httpx.Response, bytes]:
        """The response and its body. The timeout covers all of it, so that a slow stream ends too.

        It is read in a thread of its own: the time-out of a socket begins again with every byte, also of the
        headers. A thread that is late goes on alone, and nobody waits for it.
        """
        deadline = time.monotonic() + self._timeout
        outcome: Future[tuple[httpx.Response, bytes]] = Future()

        def run() -> None:
            try:
                outcome.set_result(self._read_until(deadline, path, params))
            except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
                outcome.set_exception(error)

        threading.Thread(target=run, daemon=True, name="vendor").start()
        try:
            return outcome.result(self._timeout)
        except TimeoutError:
            raise httpx.ReadTimeout("the answer takes too long") from None

    def _read_until(
        self, deadline: float, path: str, params: Mapping[str, str]
    ) -> tuple[httpx.Response, bytes]:
        body = bytearray()
        with self._client.stream("GET", self._base_url + path, params=dict(params)) as response:
            unpack = _unpacker(response.headers.get("Content-Encoding", ""))
            for chunk in response.iter_raw():
                body += unpack(chunk, LARGEST_ANSWER + 1 - len(body))
                if len(body) > LARGEST_ANSWER:
                    raise GarbageError(f"an answer of over {LARGEST_ANSWER:,} bytes")
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer takes too long")
        return response, bytes(body)

    def _raise_for_status(self, status: int, body: bytes) -> None:
        detail = _error_detail(body)
        if status == _TIMED_OUT or status >= _SERVER_ERROR:
            raise VendorDownError(f"HTTP {status}{detail}")
        if status == httpx.codes.UNAUTHORIZED or (status == _BAD_REQUEST and "api_key" in detail):
            self.line.breaker.trip()  # the key will fail for the next symbol too
            raise KeyRefusedError(f"the key was refused{detail}")
        if status in _NOT_ENTITLED:
            raise NotEntitledError(f"the plan of this key does not cover it{detail}")
        if status == _NO_DATA:
            raise NoDataError(f"unknown there{detail}")
        if status >= _BAD_REQUEST:
            raise NoDataError(f"HTTP {status}{detail}")
        if status != httpx.codes.OK:
            raise GarbageError(f"HTTP {status} instead of an answer")


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """What unpacks the pieces of a body, each to so many bytes at most.

    httpx would unpack a piece as a whole, and encodings of encodings: ten kilobytes fill any memory.
    """
    if encoding.lower() == GZIP:
        unpacked = zlib.decompressobj(zlib.MAX_WBITS | 16)  # of gzip

        def unpack(piece: bytes, most: int) -> bytes:
            try:
                return unpacked.decompress(piece, most)
            except zlib.error as error:
                raise GarbageError(f"not gzip ({error})") from None

        return unpack
    if encoding.lower() not in {"", "identity"}:
        raise GarbageError(f"an answer in the encoding {encoding[:_SHOWN]!r}")
    return lambda piece, _: piece


def ask_each(keys: Mapping[str, T], ask: Callable[[str, T], Any]) -> Answers[Any]:
    """Ask for each key, several in parallel. ask: gets key and value; raises VendorError if it has nothing.

    An answer with an unexpected structure is garbage for that key only.
    """
    answers: Answers[Any] = Answers()

    def one(key: str) -> None:
        try:
            answers.found[key] = ask(key, keys[key])
        except VendorError as error:
            answers.fail(key, error)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            answers.fail(key, GarbageError(f"an answer that cannot be read ({error!r})"))

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(one, keys):
            pass
    return answers


def _error_detail(body: bytes) -> str:
    """The beginning of an error's message, in parentheses."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if isinstance(payload, dict):
        payload = next(
            (
                payload[name]
                for name in ("Error Message", "error_message", "error", "message")
                if isinstance(payload.get(name), str)
            ),
            "",
        )
    shown = str(payload)[:_SHOWN].strip() if isinstance(payload, str) else ""
    return f" ({shown})" if shown else ""
