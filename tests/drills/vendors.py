"""A vendor that fails in seven ways: for a whole night, then for the first requests of the next one.

The vendor is a server on the loopback interface with Yahoo's JSON, asked through the real yfinance.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

import numpy as np

from tests.drills.comparison import Marts, read_marts
from tests.drills.expected import Expected, read_answers
from tests.drills.ground import CORRECTED_DATE, OWNERS, PASSWORD, Ground, copied_base, succeed
from tests.drills.service import Service
from tests.drills.trial import Outcome, trial
from tests.flows.flow_helpers import ENTRY_DATE, SYMBOLS, CommandLine, price_table
from tests.ingestion.vendors.loopback import HTML, Reply, serving
from tests.ingestion.vendors.yahoo_server import FakeYahoo, Share
from tests.servers.own_server import free_port

NIGHT = ("nightly", "--force", "--source", "yfinance")
PATIENT_VENDOR = {
    "VENDOR_TIMEOUT_SECONDS": "1.0",
    "VENDOR_ATTEMPTS": "4",
    "VENDOR_FIRST_PAUSE_SECONDS": "0.05",
    "YAHOO_REQUESTS_PER_MINUTE": "60000",
}

OTHER_JSON = '{"chart": {"result": [{"meta": {}}], "error": null}}'

REFUSED = "refused"

Outage = Callable[[str], Reply | None]


@dataclass(frozen=True)
class VendorGround:
    """What a night of a healthy vendor gives."""

    expected: Expected
    marts: Marts


def shares() -> dict[str, Share]:
    """The prices that the night loads, as Yahoo gives them."""
    table = price_table()
    table = table[table["date"] >= np.datetime64(ENTRY_DATE)]
    found = {}
    for symbol in SYMBOLS:
        rows = table[table["symbol"] == symbol]
        found[symbol] = Share(dict(zip(rows["date"].dt.date, rows["close"], strict=True)))
    found["AAPL"].closes[CORRECTED_DATE] = float(found["AAPL"].closes[CORRECTED_DATE] or 0) + 1
    return found


def vendors(ground: Ground, outcome: Outcome, rng: Random) -> None:
    """All kinds of fault, each for a night, in random order; then two for the first requests of a night."""
    known = healthy(ground)
    kinds = rng.sample([*KINDS, REFUSED], len(KINDS) + 1)
    vendor_round(ground, outcome, rng, known, kinds)
    vendor_round(ground, outcome, rng, known, [rng.choice(RETRIED)])


def healthy(ground: Ground) -> VendorGround:
    """The undisturbed night of a healthy vendor."""
    with copied_base(ground, "vendor") as command, Service(command.warehouse, ground.home) as service:
        with asked(command, FakeYahoo(shares=shares())) as healthy_command:
            succeed(healthy_command, *NIGHT)
        after = read_answers(service.url, OWNERS, PASSWORD)
        stages = (ground.expected.stages[0], after)
        return VendorGround(Expected(ground.base_publication, stages), read_marts(command.warehouse))


def vendor_round(
    ground: Ground, outcome: Outcome, rng: Random, known: VendorGround, kinds: Sequence[str]
) -> None:
    """Nights without the vendor, which publish nothing, and one in which it comes back."""
    with trial(ground, outcome, rng, expected=known.expected, marts=known.marts) as disturbed:
        yahoo = FakeYahoo(shares=shares())
        for kind in kinds:
            yahoo.outage = KINDS.get(kind, _none)(yahoo, rng)
            with asked(disturbed.command, yahoo, is_refused=kind == REFUSED) as command:
                if disturbed.ended(command.start(*NIGHT)) == 0:
                    outcome.tally.count("night", f"{kind}: a night without its vendor ended as if it had one")
            disturbed.fault(kind)
        with asked(disturbed.command, yahoo) as command:
            yahoo.outage = for_the_first(rng.randint(1, 3), KINDS[rng.choice(RETRIED)](yahoo, rng))
            disturbed.fault("first requests")
            code = disturbed.ended(command.start(*NIGHT))
            yahoo.outage = _no_outage
            if code != 0:
                disturbed.run_to_the_end(*NIGHT, command=command)


@contextmanager
def asked(command: CommandLine, yahoo: FakeYahoo, *, is_refused: bool = False) -> Iterator[CommandLine]:
    """The command with this vendor, or with the address of no server."""
    with serving(yahoo):
        url = f"http://127.0.0.1:{free_port()}" if is_refused else yahoo.url
        variables = {**command.prefect, **PATIENT_VENDOR, "YAHOO_URL": url}
        yield CommandLine(command.warehouse, variables)


def for_the_first(count: int, outage: Outage) -> Outage:
    """The outage of the first requests only."""
    left = [count]

    def first(path: str) -> Reply | None:
        left[0] -= 1
        return outage(path) if left[0] >= 0 else None

    return first


def _no_outage(_: str) -> Reply | None:
    return None


def _none(_: FakeYahoo, __: Random) -> Outage:
    return _no_outage


def _always(*replies: Reply) -> Callable[[FakeYahoo, Random], Outage]:
    def chosen(_: FakeYahoo, rng: Random) -> Outage:
        reply = rng.choice(replies)
        return lambda _: reply

    return chosen


def _cut(yahoo: FakeYahoo, _: Random) -> Outage:
    """The answer that it would give, half of it."""

    def cut(path: str) -> Reply:
        whole = yahoo.answer(path.partition("?")[0], {"symbols": path.partition("?")[2]})
        return Reply(whole.body or "{}", whole.status, is_cut=True)

    return cut


def _wrong(yahoo: FakeYahoo, rng: Random) -> Outage:
    """Well-formed answers that cannot be true: no rows, no closes, negative ones, or another currency."""
    change = rng.choice(["empty", "null", "negative", "currency"])

    def wrong(path: str) -> Reply | None:
        whole = yahoo.answer(path.partition("?")[0], {"symbols": path.partition("?")[2]})
        if "/v8/finance/chart/" not in path or whole.status != 200:
            return Reply.of({"quoteSummary": {"result": [], "error": None}})
        body = json.loads(whole.body)
        (result,) = body["chart"]["result"]
        quotes = result["indicators"]["quote"][0]
        if change == "empty":
            body["chart"]["result"] = []
        elif change == "currency":
            result["meta"]["currency"] = "JPY"
        else:
            for name in ("open", "high", "low", "close"):
                quotes[name] = [None if change == "null" else -1.0 for _ in quotes[name]]
            result["indicators"]["adjclose"][0]["adjclose"] = quotes["close"]
        return Reply.of(body)

    return wrong


KINDS: dict[str, Callable[[FakeYahoo, Random], Outage]] = {
    "time-out": _always(Reply("{}", delay=1.5)),
    "429": _always(Reply("{}", 429), Reply("{}", 429, {"Retry-After": "1"})),
    "500": _always(Reply("{}", 500), Reply(HTML, 503)),
    "cut body": _cut,
    "malformed": _always(Reply(HTML), Reply(""), Reply(OTHER_JSON)),
    "wrong data": _wrong,
}
"""And REFUSED: no server listens."""

RETRIED = ("time-out", "429", "500", "cut body")
"""Kinds after which the vendor is asked again in the same night; the others are answers."""
