"""A load client: requests paths in turn, and checks each answer against the publication that it names."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from ingestion.demo.demo import DEMO_PASSWORD

SHIFT = Decimal("1000.25")
"""The amount that each publication adds to equity and to every market value, USD."""

PATHS = (
    "/api/v1/analytics/portfolio/{0}/overview",
    "/api/v1/data/portfolio/{0}/complete",
    "/api/v1/data/positions/details?portfolio_id={0}",
    "/api/v1/data/portfolios",
)


def figures(path: str, body: Any) -> list[Decimal]:
    """The values of an answer that a publication changes, USD: equity, and the average market value."""
    if path == PATHS[0]:
        return [_money(body["equity_balance"])]
    if path == PATHS[1]:
        values = [_money(holding["market_value"]) for holding in body["holdings"]]
        equity = _money(body["portfolio"]["net_asset_value"])
        return [equity, _money(body["timeseries"]["values"][-1]), sum(values, Decimal()) / len(values)]
    if path == PATHS[2]:
        values = [_money(position["market_value"]) for position in body["positions"]]
        return [sum(values, Decimal()) / len(values)]
    return [_money(body[0]["net_asset_value"])]


def _money(value: float) -> Decimal:
    return Decimal(str(value))


@dataclass
class Outage:
    """When the database was down, by time.monotonic()."""

    begun: float = float("inf")
    ended: float = float("inf")
    grace: float = 6.0

    def covers(self, begun: float, ended: float) -> bool:
        """Whether a request at this time may be affected: the pool reconnects within seconds."""
        return ended >= self.begun and begun <= self.ended + self.grace


@dataclass
class Findings:
    """The findings of all clients."""

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, seconds: float) -> None:
        with self.guard:
            self.answers[kind] += 1
            self.seconds.append(seconds)

    def report(self, sentence: str) -> None:
        with self.guard:
            self.wrong.append(sentence)


class Client:
    """A user's session: logs in, refreshes an expired token, and checks every answer."""

    def __init__(self, url: str, email: str, findings: Findings, outages: list[Outage]) -> None:
        self._http = httpx.Client(base_url=url, timeout=30)
        self._email = email
        self._findings = findings
        self._outages = outages
        self._tokens = self._http.post(
            "/api/v1/auth/login", json={"email": email, "password": DEMO_PASSWORD}
        ).json()
        self._portfolio = self._get("/api/v1/data/portfolios").json()[0]["id"]
        self._first: dict[str, tuple[int, list[Decimal]]] = {}
        self._known: dict[str, str] = {}
        for path in PATHS:
            response = self._get(path.format(self._portfolio))
            self._first[path] = (_publication(response), figures(path, response.json()))

    def run(self, is_over: Callable[[], bool]) -> None:
        """Send requests until it is over."""
        number = 0
        while not is_over():
            path = PATHS[number % len(PATHS)]
            number += 1
            begun = time.monotonic()
            try:
                self._check(path, begun, is_conditional=number % 5 == 0)
            except httpx.TransportError as error:
                if not is_over():
                    self._findings.report(f"{path}: {error!r}")
                return

    def close(self) -> None:
        self._http.close()

    def _check(self, path: str, begun: float, *, is_conditional: bool) -> None:
        tag = {"If-None-Match": self._known[path]} if is_conditional and path in self._known else {}
        response = self._get(path.format(self._portfolio), **tag)
        ended = time.monotonic()
        self._findings.note(str(response.status_code), ended - begun)
        if response.status_code == 200:
            self._known[path] = response.headers["etag"]
            self._check_values(path, response)
        elif response.status_code == 401 and response.json()["code"] == "token_expired":
            self._refresh()
        elif response.status_code == 503:
            if not any(outage.covers(begun, ended) for outage in self._outages):
                self._findings.report(f"{path}: {response.text} while the database was up")
        elif response.status_code != 304 or not tag:
            self._findings.report(f"{path}: {response.status_code} {response.text[:200]}")

    def _check_values(self, path: str, response: httpx.Response) -> None:
        """The values must all be those of the publication named in the header."""
        publication, (first, values) = _publication(response), self._first[path]
        expected = [value + (publication - first) * SHIFT for value in values]
        found = figures(path, response.json())
        if any(abs(one - other) > Decimal("0.001") for one, other in zip(found, expected, strict=True)):
            self._findings.report(f"{path}: {found} is not {expected} of publication {publication}")

    def _refresh(self) -> None:
        response = self._http.post(
            "/api/v1/auth/refresh", json={"refresh_token": self._tokens["refresh_token"]}
        )
        self._findings.note(f"refresh {response.status_code}", 0)
        if response.status_code == 200:
            self._tokens = response.json()
        elif response.status_code != 503:
            self._findings.report(f"refresh: {response.status_code} {response.text[:200]}")

    def _get(self, path: str, **headers: str) -> httpx.Response:
        token = {"Authorization": f"Bearer {self._tokens['access_token']}"}
        return self._http.get(path, headers={**token, **headers})


def _publication(response: httpx.Response) -> int:
    return int(response.headers["x-publication-id"])
