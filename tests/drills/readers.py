"""Readers of the API during a drill: each answer is right, or an honest error; else it is wrong.

Right is the answer that one publication gives, in full, and none of an older one than was seen before.
Honest are a refusal that says so (503, 401 for an ended session, 429), and no answer while a drill has killed
the API. A login with the right password is not 401, and what is published is not unpublished.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import httpx

from tests.drills.expected import Expected, log_in, significant
from tests.drills.service import Service

PAUSE = 0.1
PATIENCE = 300.0
HONEST = frozenset({401, 429, 503})
UNTRUE = "nothing_published"


@dataclass
class Tally:
    """What the readers found. wrong: a sentence for each wrong answer."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def count(self, kind: str, wrong: str | None = None) -> None:
        """Count an answer of a kind, with what is wrong about it."""
        with self.guard:
            self.answers[kind] += 1
            if wrong is not None:
                self.wrong.append(wrong)


@dataclass
class Reader:
    """One user, who asks for every path in turn. newest: the newest publication that the user has seen."""

    service: Service
    expected: Expected
    user: str
    password: str
    tally: Tally
    may_go_back: bool = False
    newest: int = 0
    _headers: dict[str, str] = field(default_factory=dict)
    _known: dict[str, tuple[str, list[int]]] = field(default_factory=dict)

    def run(self, is_over: Callable[[], bool]) -> None:
        """Ask until it is over."""
        paths = self.expected.paths(self.user)
        with httpx.Client(base_url=self.service.url, timeout=PATIENCE) as client:
            number = 0
            while not is_over():
                self.ask(client, paths[number % len(paths)], is_conditional=number % 3 == 0)
                number += 1
                time.sleep(PAUSE)

    def ask(self, client: httpx.Client, path: str, *, is_conditional: bool = False) -> int | None:
        """Ask for one path, and judge the answer; the publication that it is of, None for an error."""
        was_down = self.service.is_down
        known = self._known.get(path) if is_conditional else None
        try:
            if not self._headers:
                self._headers = log_in(client, self.user, self.password)
            tag = {} if known is None else {"If-None-Match": known[0]}
            answer = client.get(path, headers={**self._headers, **tag})
        except httpx.HTTPStatusError as error:
            self._count_error("login", error.response, honest=HONEST - {401})
            return None
        except httpx.TransportError as error:
            is_known = was_down or self.service.is_down
            self.tally.count("none", None if is_known else f"{path}: {error!r} while the API was up")
            time.sleep(PAUSE)
            return None
        if answer.status_code == 304 and known is not None:
            return self._see(path, known[1], "304")
        if answer.status_code != 200:
            self._count_error(path, answer)
            return None
        return self._judge(path, answer)

    def _judge(self, path: str, answer: httpx.Response) -> int | None:
        header = answer.headers.get("x-publication-id")
        body = significant(answer.json())
        stages = self.expected.stages_of(self.user, path, body, None if header is None else int(header))
        if not stages:
            self.tally.count("200", f"{path}: is of no publication (named {header}): {body[:300]}")
            return None
        if "etag" in answer.headers:
            self._known[path] = (answer.headers["etag"], stages)
        return self._see(path, stages, "200")

    def _see(self, path: str, stages: list[int], kind: str) -> int:
        """Count a right answer, unless this user has seen a newer publication; the last it may be of."""
        went_back = stages[-1] < self.newest and not self.may_go_back
        self.tally.count(kind, f"{path}: publication {stages[-1]} after {self.newest}" if went_back else None)
        self.newest = max(self.newest, stages[0])
        return stages[-1]

    def _count_error(self, path: str, answer: httpx.Response, honest: frozenset[int] = HONEST) -> None:
        is_honest = answer.status_code in honest and '"code"' in answer.text and UNTRUE not in answer.text
        text = f"{path}: {answer.status_code} {answer.text[:300]}"
        self.tally.count(str(answer.status_code), None if is_honest else text)
        if answer.status_code == 401:
            self._headers = {}


class Readers:
    """One reader per user, each in a thread, for the duration of the context."""

    def __init__(self, readers: list[Reader]) -> None:
        self._over = threading.Event()
        self._threads = [threading.Thread(target=one.run, args=(self._over.is_set,)) for one in readers]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
