"""The cost that each download states: the price of a purchase follows, however a broker counts sales."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flows.cli.confirm import thresholds
from ingestion.portfolios.portfolios import PortfolioFields
from ingestion.raw.datasets import CORPORATE_ACTIONS, PRICES
from ingestion.raw.loads import Connection, load_frame
from ingestion.statements.brokers.entries import EntryTerms
from ingestion.statements.checks import Question, questions
from ingestion.statements.load import load_positions, prepare_positions
from tests.ingestion.statements.broker_lots import ENTRY, TODAY
from warehouse.settings import Settings

Write = Callable[[str, str], Path]
Load = Callable[..., tuple[str, ...]]
Lots = list[tuple[Decimal, Decimal]]

SCHWAB = "Symbol,Description,Quantity,Price,Market Value,Cost Basis\n"
OURS = "Symbol,Quantity,Entry Price Per Share,Entry Date\n"
MAY, JUNE, JULY = date(2025, 5, 30), date(2025, 6, 30), date(2025, 7, 31)
AUGUST, SEPTEMBER = date(2025, 8, 29), date(2025, 9, 30)
JANE, JOHN = "jane@example.com", "john@example.com"
# 100 at an average of 10 were 50 at 8 and 50 at 12; the broker sold those at 8, and 50 were bought at 13
HELD, SOLD, BOUGHT = (100, 1000), (50, 600), (100, 1250)


def row(quantity: object, cost: object, symbol: str = "MSFT") -> str:
    return f"{symbol},x,{quantity},,,{cost}\n"


@pytest.fixture
def load(connection: Connection, write: Write) -> Load:
    """Load the rows of a download as the statement of a day; the notices."""

    def load_rows(rows: str, day: date, owner: str = JANE, **terms: Any) -> tuple[str, ...]:
        path = write("download.csv", SCHWAB + rows)
        said = EntryTerms(entry_date=ENTRY if day <= JUNE else day, **terms)
        fields: dict[str, Any] = {"portfolio_name": "Mine", "owner_email": owner, "equity": Decimal(100_000)}
        reports = load_positions(connection, path, statement_date=day, today=TODAY, terms=said, **fields)
        return reports[1].notices

    return load_rows


@pytest.fixture
def load_ours(connection: Connection, write: Write) -> Callable[[str, date], None]:
    """Load rows of our columns as the statement of a day."""

    def load_rows(rows: str, day: date) -> None:
        fields: dict[str, Any] = {"portfolio_name": "Mine", "owner_email": JANE}
        load_positions(connection, write("mine.csv", OURS + rows), statement_date=day, today=TODAY, **fields)

    return load_rows


@pytest.fixture
def ask(connection: Connection, write: Write) -> Callable[[str, date], list[Question]]:
    """What is asked about a download before it is loaded."""

    def asked(rows: str, day: date) -> list[Question]:
        path = write("next.csv", SCHWAB + rows)
        found = prepare_positions(
            connection,
            path,
            PortfolioFields("Mine", JANE),
            statement_date=day,
            today=TODAY,
            terms=EntryTerms(entry_date=day),
        )
        asked = questions(connection, found, thresholds(Settings()))
        return [one for one in asked if one.code == "ASK_PRICE"]

    return asked


@pytest.fixture
def lots(connection: Connection) -> Callable[..., Lots]:
    """Price and quantity of the open lots of a symbol."""

    def read(owner: str = JANE, symbol: str = "MSFT") -> Lots:
        return connection.execute(
            "select positions.entry_price, positions.quantity from raw.newest_positions as positions "
            "join raw.newest_portfolios as portfolios using (portfolio_id) "
            "where portfolios.owner_email = %s and positions.symbol = %s and positions.exit_date is null "
            "order by positions.entry_date, positions.entry_price",
            [owner, symbol],
        ).fetchall()

    return read


def price(connection: Connection, day: date, close: object, **terms: object) -> None:
    rows = [{"symbol": "MSFT", "price_date": day, "close": Decimal(str(close)), **terms}]
    load_frame(connection, PRICES, pd.DataFrame(rows), source="files", origin="test")


# --- the price of a purchase -------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, -1])
def test_a_purchase_after_a_sale_has_the_price_by_which_the_stated_cost_grew(
    load: Load, lots: Any, ask: Any, connection: Connection, side: int
) -> None:
    # Silent failure prevented: 15, which is what our lot of 10 leaves of the broker's total
    held, sold, bought = (row(side * quantity, cost) for quantity, cost in (HELD, SOLD, BOUGHT))
    load(held, JUNE)
    load(sold, JULY)
    price(connection, AUGUST, 13)
    assert ask(bought, AUGUST) == []
    for _ in range(2):
        notices = load(bought, AUGUST)
        assert lots() == [(10, side * 50), (13, side * 50)]
        assert not [one for one in notices if "--entry-price MSFT=USD" in one]
        assert [one for one in notices if "MSFT bought at 13, " in one and "of 2025-07-31" in one]


def test_each_download_is_compared_with_the_one_before(load: Load, lots: Any) -> None:
    # a second sale is of 25 at 12, of which our oldest lot has 10
    for terms, day in (
        (HELD, MAY),
        (SOLD, JUNE),
        (BOUGHT, JULY),
        ((75, 950), AUGUST),
        ((85, 1090), SEPTEMBER),
    ):
        load(row(*terms), day)
    assert lots() == [(10, 25), (13, 50), (14, 10)]


def test_a_given_price_counts_before_the_stated_cost(load: Load, lots: Any) -> None:
    load(row(*HELD), JUNE)
    load(row(*SOLD), JULY)
    load(row(*BOUGHT), AUGUST, prices={"MSFT": Decimal("13.5")})
    assert lots() == [(10, 50), (Decimal("13.5"), 50)]


def test_a_cost_is_kept_as_it_is_stated(load: Load, lots: Any, connection: Connection) -> None:
    # Silent failure prevented: 0.00005 a share of 30,000, as 1.33 of the price of one that is bought
    load(row(30_000, "299999.50"), JUNE)
    load(row(30_001, "300009.50"), JULY)
    assert lots() == [(10, 30_000), (10, 1)]
    stated = connection.execute("select statement_date, round(quantity * cost, 6) from raw.stated_costs")
    assert stated.fetchall() == [(JUNE, Decimal("299999.5")), (JULY, Decimal("300009.5"))]


# --- where two downloads do not determine it ---------------------------------------------------------------


def test_a_sale_beside_a_purchase_is_asked_about(load: Load, ask: Any, connection: Connection) -> None:
    # 30 of the shares at 12 were sold too, and 80 bought at 13: 50 more, for 680 more
    load(row(*HELD), JUNE)
    load(row(*SOLD), JULY)
    rows = row(100, 1280)
    price(connection, JULY, 12)
    price(connection, date(2025, 8, 5), "12.7", high=Decimal("12.9"), low=Decimal("12.5"))
    price(connection, AUGUST, 13, high=Decimal("13.1"), low=Decimal("12.8"))
    [asked] = ask(rows, AUGUST)
    assert asked.sentence.startswith(
        "MSFT at 13.6 on 2025-08-29 is 3.8 % above what it traded at since 2025-07-31 (12.5 to 13.1). It is "
        "what the download's cost is above that of the download of 2025-07-31: if some were sold since"
    )
    assert "--entry-price MSFT=USD" in asked.sentence
    # a price that it had on another day of these is none to ask about
    assert ask(row(100, 1230), AUGUST) == []


def test_a_price_is_compared_with_the_last_close_where_none_is_newer(
    load: Load, ask: Any, connection: Connection
) -> None:
    load(row(*HELD), JUNE)
    load(row(*SOLD), JULY)
    price(connection, JULY, 12)
    day = date(2025, 8, 1)
    [asked] = ask(row(*BOUGHT), day)
    assert asked.sentence.startswith(
        f"MSFT at 13 on {day} is 8.3 % above the last known close, 12 of 2025-07-31. It is what"
    )
    assert "that of the download of 2025-07-31" in asked.sentence


def test_rows_that_are_added_up_state_the_sum_of_their_costs(load: Load, lots: Any) -> None:
    # cash and margin, whose average has no end of digits, beside a large number
    load(row(1, 10) + row(2, "10.1") + row(3, "1234567.25", "BRK-A"), JUNE)
    load(row(1, 10) + row(3, "21.1") + row(3, "1234567.25", "BRK-A"), JULY)
    assert lots() == [(Decimal("6.7"), 3), (11, 1)]


def test_two_rows_of_a_symbol_state_no_cost(load: Load, connection: Connection) -> None:
    load(row(50, 500) + row(-20, 220) + row(10, 20, "VTI"), JUNE)
    stated = connection.execute("select symbol, quantity, cost from raw.stated_costs").fetchall()
    assert stated == [("VTI", 10, 2)]


def test_a_purchase_for_less_than_nothing_is_counted_as_before(load: Load, lots: Any) -> None:
    # all 50 at 12 were sold, and 60 bought at 9.50: 10 more for 30 less
    load(row(*HELD), JUNE)
    load(row(*SOLD), JULY)
    notices = load(row(60, 570), AUGUST)
    assert lots() == [(10, 50), (7, 10)]
    assert [one for one in notices if "--entry-price MSFT=USD" in one]


@pytest.mark.parametrize(
    "change",
    [
        {"action": "spin_off", "value": Decimal("0.1"), "new_symbol": "SPUN", "cost_share": Decimal("0.1")},
        {"action": "special_dividend", "value": Decimal(2)},
        {"action": "split", "value": Decimal(2)},
    ],
)
def test_a_cost_that_a_corporate_action_changed_is_not_compared(
    load: Load, lots: Any, connection: Connection, change: dict[str, Any]
) -> None:
    load(row(*HELD), JUNE)
    load(row(*SOLD), JULY)
    terms = {"symbol": "MSFT", "ex_date": date(2025, 8, 14), **change}
    load_frame(connection, CORPORATE_ACTIONS, pd.DataFrame([terms]), source="files", origin="test")
    ratio = 2 if change["action"] == "split" else 1
    notices = load(row(50 * ratio + 50, 1250), AUGUST)
    assert (15, 50) in lots()
    assert [one for one in notices if "--entry-price MSFT=USD" in one]


def test_lots_that_another_statement_changed_are_not_compared(load: Load, lots: Any, load_ours: Any) -> None:
    # Silent failure prevented: a sale and a purchase that a file of our own tells, in the price of the next
    load(row(*HELD), JUNE)
    load_ours(f"MSFT,50,10,{ENTRY}\nMSFT,50,11,2025-07-08\n", JULY)
    load(row(110, 1200), AUGUST)
    assert lots() == [(10, 50), (11, 50), (15, 10)]


def test_statements_before_costs_were_kept_are_not_compared(
    load: Load, lots: Any, connection: Connection
) -> None:
    load(row(*HELD), JUNE)
    load(row(*SOLD), JULY)
    connection.execute("delete from raw.stated_costs")
    connection.commit()
    notices = load(row(*BOUGHT), AUGUST)
    assert lots() == [(10, 50), (15, 50)]
    assert [one for one in notices if "MSFT bought at 15" in one and "--entry-price MSFT=USD" in one]
    load(row(*SOLD), JULY)
    load(row(*BOUGHT), AUGUST)
    assert lots() == [(10, 50), (13, 50)]


# --- which cost is the one before --------------------------------------------------------------------------


def test_an_older_statement_that_is_loaded_late_is_the_one_before(load: Load, lots: Any) -> None:
    load(row(*HELD), MAY)
    load(row(*SOLD), JUNE)
    load(row(*BOUGHT), AUGUST)
    assert lots() == [(10, 50), (13, 50)]
    load(row(50, 602), JULY)  # corrected by the broker since; it lists what is known
    assert lots() == [(10, 50), (13, 50)]
    load(row(*BOUGHT), AUGUST)
    assert lots() == [(10, 50), (Decimal("12.96"), 50)]


def test_a_late_statement_is_compared_with_those_before_it_only(load: Load, lots: Any) -> None:
    load(row(*HELD), MAY)
    load(row(*SOLD), JUNE)
    load(row(*SOLD), AUGUST)  # changes nothing, and so does not hinder an older one
    load(row(*BOUGHT), JULY)
    assert lots() == [(10, 50), (13, 50)]


def test_a_corrected_statement_replaces_the_costs_of_its_day(
    load: Load, lots: Any, connection: Connection
) -> None:
    load(row(*HELD), JUNE)
    load(row(*SOLD) + row(10, 20, "VTI"), JULY)
    load(row(50, 550), JULY)
    load(row(*BOUGHT), AUGUST)
    assert lots() == [(10, 50), (14, 50)]
    newest = (
        "select distinct on (statement_date, symbol) statement_date, symbol, quantity, cost "
        "from raw.stated_costs order by statement_date, symbol, load_id desc"
    )
    assert connection.execute(newest).fetchall() == [
        (JUNE, "MSFT", 100, 10),
        (JULY, "MSFT", 50, 11),
        (JULY, "VTI", None, None),
        (AUGUST, "MSFT", 100, Decimal("12.5")),
    ]


def test_a_file_of_ours_states_no_cost(load: Load, lots: Any, load_ours: Any) -> None:
    load(row(*HELD), JUNE)
    load(row(*SOLD), JULY)
    load_ours(f"MSFT,50,10,{ENTRY}\n", JULY)
    notices = load(row(*BOUGHT), AUGUST)
    assert lots() == [(10, 50), (15, 50)]
    assert [one for one in notices if "--entry-price MSFT=USD" in one]


def test_the_cost_of_one_portfolio_is_of_no_other(load: Load, lots: Any) -> None:
    # Silent failure prevented: the price of one owner's purchase out of another owner's costs
    load(row(*HELD), JUNE)
    load(row(*HELD), JUNE, JOHN)
    load(row(*SOLD), JULY)
    load(row(50, 500), JULY, JOHN)
    load(row(*BOUGHT), AUGUST)
    load(row(100, 1150), AUGUST, JOHN)
    assert lots() == lots(JOHN) == [(10, 50), (13, 50)]


# --- accounts at random ------------------------------------------------------------------------------------


@dataclass
class Broker:
    """An account of one symbol at a broker that relieves lots in its own way."""

    relief: str
    lots: list[tuple[Decimal, Decimal]] = field(default_factory=list)  # quantity and price, oldest first
    bought: list[tuple[date, Decimal]] = field(default_factory=list)

    @property
    def held(self) -> Decimal:
        return sum((quantity for quantity, _ in self.lots), Decimal(0))

    @property
    def cost(self) -> Decimal:
        return sum((quantity * price for quantity, price in self.lots), Decimal(0))

    def buy(self, quantity: Decimal, price: Decimal, day: date) -> None:
        self.lots.append((quantity, price))
        self.bought.append((day, price))

    def sell(self, quantity: Decimal) -> None:
        if self.relief == "average":
            self.lots = [(self.held - quantity, self.cost / self.held)]
            return
        by_price = sorted(self.lots, key=lambda lot: lot[1], reverse=self.relief == "highest")
        kept = []
        for held, price in by_price:
            taken = min(held, quantity)
            quantity -= taken
            kept += [(held - taken, price)] if taken < held else []
        self.lots = kept


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("relief", ["average", "highest", "lowest"])
@pytest.mark.parametrize("seed", range(3))
def test_every_purchase_has_its_price(
    load: Load, connection: Connection, seed: int, relief: str, side: int
) -> None:
    rolled, broker = random.Random(seed), Broker(relief)
    days = [day.date() for day in pd.date_range("2025-07-01", "2025-09-23", freq="W-FRI")]
    broker.buy(Decimal(40), Decimal(8), days[0])
    broker.buy(Decimal(40), Decimal(12), days[0])
    opened = broker.bought.copy()
    load(row(side * broker.held, broker.cost), days[0])
    for day in days[1:]:
        if rolled.random() < 0.4 and broker.held > 20:
            broker.sell(Decimal(rolled.randint(1, 15)))
        elif rolled.random() < 0.7:
            broker.buy(Decimal(rolled.randint(1, 30)), Decimal(rolled.randint(800, 1400)) / 100, day)
        load(row(side * broker.held, broker.cost), day)
    rows = connection.execute(
        "select distinct entry_date, entry_price from raw.newest_positions where entry_date > %s order by 1",
        [days[0]],
    ).fetchall()
    assert rows == broker.bought[len(opened) :]
