"""The page in a browser, compared with the same requests without one.

    python -m tests.benchmarks.bench_page                     1,000 portfolios, 60 sessions
    python -m tests.benchmarks.bench_page --portfolios 100    a smaller warehouse
    python -m tests.benchmarks.bench_page --home FOLDER       keep the warehouse for the next time
    python -m tests.benchmarks.bench_page --write             write the table into README.md

`sigmasight serve` with one worker and an installed Chromium, both on this machine, on the Overview of one
portfolio. First view: nothing of the page is cached; second view: all of it is, and the API answers 304. The
peer sends the requests of the API that the page sends, at once and with its headers, from Python.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from playwright.sync_api import Browser, Request, sync_playwright

from api.page.assets import load_page
from tests.api.page.conftest import ARGUMENTS
from tests.api.page.reader import Reader
from tests.api.page.test_speed import DATE_CHANGE
from tests.benchmarks.bench_api import OWNER, PASSWORD, build, is_built, serving
from tests.benchmarks.cases import Case
from tests.benchmarks.measure import temporary_home
from tests.benchmarks.report import made_by, write_readme
from warehouse.connections import open_warehouse
from warehouse.settings import Settings

BEGIN, END = "<!-- page: begin -->", "<!-- page: end -->"
TIMES = 9
MOST_MS = {"first view": 1000.0, "second view": 300.0, "another date": 200.0}
MOST_REQUESTS, MOST_KB = 6, 150.0
FIGURES = ".tile .figure"
API = "/api/v1"


@dataclass(frozen=True)
class View:
    """Milliseconds until the figures are drawn, and of the peer; one of each repetition."""

    name: str
    browser: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def is_met(self) -> bool:
        """Whether the median is within the target."""
        return median(self.browser) <= MOST_MS[self.name]


@dataclass(frozen=True)
class Measured:
    """The views; requests: of the API by the Overview; kilobytes: scripts and styles over the wire."""

    views: tuple[View, ...]
    requests: int
    kilobytes: float

    @property
    def is_met(self) -> bool:
        """Whether all targets are met."""
        return all(view.is_met for view in self.views) and (
            self.requests <= MOST_REQUESTS and self.kilobytes <= MOST_KB
        )


class Noted:
    """The requests of the API by a page, with their headers, since they were last forgotten."""

    def __init__(self, page: Any) -> None:
        self.requests: list[Request] = []
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if API in request.url and "/auth/" not in request.url:
            self.requests.append(request)

    def again(self) -> float:
        """Send them at once, without a browser: milliseconds until all are answered."""
        sent = [(request.url, request.all_headers()) for request in self.requests]
        with httpx.Client() as client, ThreadPoolExecutor(len(sent)) as pool:
            client.get(sent[0][0], headers=sent[0][1])  # connects
            began = time.perf_counter()
            answers = list(pool.map(lambda one: client.get(one[0], headers=one[1]), sent))
            taken = 1000 * (time.perf_counter() - began)
        assert {answer.status_code for answer in answers} <= {200, 304}
        return taken


def measure(browser: Browser, origin: str, dates: Sequence[str]) -> Measured:
    """Open the Overview again and again, and change its date."""
    context = browser.new_context()
    reader = Reader(context.new_page(), origin)
    reader.open()
    reader.sign_in(OWNER, PASSWORD)
    address = f"#/portfolio/{reader.portfolio_ids()[0]}/overview"
    noted = Noted(reader.page)
    first = [_first_view(reader, noted, address) for _ in range(TIMES)]
    second = [_second_view(reader, noted) for _ in range(TIMES)]
    asked = len(noted.requests)
    changed = [_another_date(reader, noted, day) for day in dates[:TIMES]]
    context.close()
    assert reader.complaints == []
    page = load_page()
    size = sum(len(asset.compressed) for asset in page.assets.values()) + len(page.index.compressed)
    views = (_view("first view", first), _view("second view", second), _view("another date", changed))
    return Measured(views, asked, size / 1000)


def _view(name: str, pairs: Sequence[tuple[float, float]]) -> View:
    browser, peer = zip(*pairs, strict=True)
    return View(name, browser, peer)


def _first_view(reader: Reader, noted: Noted, address: str) -> tuple[float, float]:
    """As in a browser that has signed in and never seen a file of the page."""
    reader.page.goto("about:blank")
    reader.page.context.new_cdp_session(reader.page).send("Network.clearBrowserCache")
    noted.requests.clear()
    reader.open(address)
    taken = _drawn(reader)
    reader.wait()
    return taken, noted.again()


def _second_view(reader: Reader, noted: Noted) -> tuple[float, float]:
    noted.requests.clear()
    reader.page.reload()
    taken = _drawn(reader)
    reader.wait()
    return taken, noted.again()


def _another_date(reader: Reader, noted: Noted, day: str) -> tuple[float, float]:
    noted.requests.clear()
    taken = float(reader.page.evaluate(DATE_CHANGE, day))
    reader.wait()
    peer = noted.again()
    reader.page.evaluate("() => history.back()")
    reader.wait()
    return taken, peer


def _drawn(reader: Reader) -> float:
    """Milliseconds from the navigation to the figures, as the browser counts them."""
    reader.page.wait_for_selector(FIGURES)
    return float(reader.page.evaluate("() => performance.now()"))


# --- report ----------------------------------------------------------------------------------------


def markdown(command: str, case: Case, measured: Measured) -> str:
    """The table, and which targets were missed."""
    lines = [
        made_by(command) + f" {case.portfolios:,} portfolios of 50 positions, {case.sessions} sessions, "
        "one worker.",
        "",
        "| Overview | median ms | slowest | target | its requests alone, ms | of them |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for view in measured.views:
        middle, peer = median(view.browser), median(view.peer)
        lines.append(
            f"| {view.name} | {middle:.0f} | {max(view.browser):.0f} | {MOST_MS[view.name]:.0f} | "
            f"{peer:.0f} | {middle / peer:.1f}x |"
        )
    missed = [view.name for view in measured.views if not view.is_met]
    said = (
        f"{measured.requests} requests of the API (at most {MOST_REQUESTS}); {measured.kilobytes:.0f} kB of "
        f"document, scripts and styles over the wire (at most {MOST_KB:.0f}). "
        f"Targets missed by: {', '.join(missed) or 'none'}."
    )
    return "\n".join([*lines, "", said]) + "\n"


def _days(warehouse: Any) -> list[str]:
    """Earlier sessions with figures, newest first."""
    statement = "select distinct as_of_date::text from marts.fct_portfolio_snapshots order by 1 desc offset 1"
    with warehouse.connect_writer() as connection:
        return [str(row[0]) for row in connection.execute(statement)]


@contextmanager
def _browser() -> Any:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("No Chromium is installed: install one to measure the page.")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, measure and print; 0 when every target is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_page", description=__doc__)
    parser.add_argument("--portfolios", type=int, default=1000)
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--home", type=Path, help="keep the warehouse there, and reuse it if it exists")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    asked = parser.parse_args(arguments)
    case = Case(asked.portfolios, asked.sessions)
    with nullcontext(asked.home) if asked.home else temporary_home() as home:
        warehouse = open_warehouse(Settings(sigmasight_home=home, login_attempts_per_address=10_000))
        if not is_built(warehouse):
            build(warehouse, case)
        with serving(warehouse) as port, _browser() as browser:
            measured = measure(browser, f"http://127.0.0.1:{port}", _days(warehouse))
    given = ["FOLDER" if text == str(asked.home) else text for text in arguments or sys.argv[1:]]
    report = markdown(" ".join(["python -m tests.benchmarks.bench_page", *given]), case, measured)
    print(report)  # noqa: T201 - a command
    if asked.write:
        write_readme(report, BEGIN, END)
    return 0 if measured.is_met else 1


if __name__ == "__main__":
    sys.exit(main())
