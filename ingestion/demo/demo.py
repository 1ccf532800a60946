"""The demo: six portfolios of five owners, with tags, target prices, profiles and accounts.

Five begin on 2025-06-30. The sixth, with options that are alive at the end of 2025, begins on 2025-10-01; its
entry prices are those of the simulated market.

The files are in ingestion/demo/data and are loaded like any other file. The accounts share a published
password: never create them in a warehouse that others can reach.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd

from ingestion.files.csv_reader import read_strictly
from ingestion.files.profiles import read_profiles
from ingestion.portfolios.tags import load_tags
from ingestion.portfolios.target_prices import load_target_prices
from ingestion.portfolios.users import find_user, store_user
from ingestion.raw.datasets import COMPANY_PROFILES
from ingestion.raw.loads import Connection, LoadReport, load_frame
from ingestion.statements.load import load_positions

DEMO_FOLDER = Path(__file__).parent / "data"
PROFILES = DEMO_FOLDER / "profiles.csv"
STATEMENT_DATE = date(2025, 6, 30)
DEMO_PASSWORD = "SigmaSight2025"  # noqa: S105 - published on purpose: it opens the demo only

_COLUMNS = (
    "portfolio_file",
    "portfolio_name",
    "owner_email",
    "owner_full_name",
    "account_type",
    "statement_date",
    "equity_balance",
    "long_exposure_at_cost",
    "short_exposure_at_cost",
)


@dataclass(frozen=True)
class DemoPortfolio:
    """One line of portfolios.csv; money in USD, to the cent."""

    path: Path
    portfolio_name: str
    owner_email: str
    owner_full_name: str
    account_type: str
    statement_date: date
    equity_balance: Decimal
    long_exposure_at_cost: Decimal
    short_exposure_at_cost: Decimal


def demo_portfolios(*, until: date = date.max) -> list[DemoPortfolio]:
    """The demo portfolios that begin up to `until`, with the expected totals of their positions at cost."""
    portfolios = [
        DemoPortfolio(
            DEMO_FOLDER / record["portfolio_file"],
            record["portfolio_name"],
            record["owner_email"],
            record["owner_full_name"],
            record["account_type"],
            date.fromisoformat(record["statement_date"]),
            Decimal(record["equity_balance"]),
            Decimal(record["long_exposure_at_cost"]),
            Decimal(record["short_exposure_at_cost"]),
        )
        for record in read_strictly(DEMO_FOLDER / "portfolios.csv", _COLUMNS)
    ]
    return [portfolio for portfolio in portfolios if portfolio.statement_date <= until]


def load_demo_portfolios(connection: Connection, *, until: date = date.max) -> list[LoadReport]:
    """Load portfolios that begin up to `until`, with positions, tags, targets and their symbols' profiles."""
    reports = []
    for portfolio in demo_portfolios(until=until):
        reports += load_positions(
            connection,
            portfolio.path,
            portfolio_name=portfolio.portfolio_name,
            owner_email=portfolio.owner_email,
            owner_full_name=portfolio.owner_full_name,
            account_type=portfolio.account_type,
            equity=portfolio.equity_balance,
            statement_date=portfolio.statement_date,
        )
    reports.append(load_tags(connection, DEMO_FOLDER / "tags.csv"))
    reports.append(load_target_prices(connection, DEMO_FOLDER / "target_prices.csv", today=STATEMENT_DATE))
    reports.append(load_demo_profiles(connection))
    return reports


def load_demo_profiles(connection: Connection) -> LoadReport:
    """Load names, sectors and types of the demo's symbols (source 'reference')."""
    return load_frame(connection, COMPANY_PROFILES, demo_profiles(), source="reference", origin=str(PROFILES))


def demo_profiles() -> pd.DataFrame:
    """Rows for raw.company_profiles, as of 2025-06-30."""
    return read_profiles(PROFILES, today=STATEMENT_DATE)


def create_demo_users(connection: Connection, *, until: date = date.max) -> list[str]:
    """Create an account with DEMO_PASSWORD for each owner without one; return all owners' addresses."""
    owners = {portfolio.owner_email: portfolio.owner_full_name for portfolio in demo_portfolios(until=until)}
    for email, full_name in owners.items():
        if find_user(connection, email) is None:
            store_user(connection, email, full_name, DEMO_PASSWORD)
    return list(owners)
