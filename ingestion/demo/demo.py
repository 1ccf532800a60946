"""The demo: five portfolios of four owners, with tags, target prices, profiles and accounts.

The files are in ingestion/demo/data and are loaded like any other file. The accounts share a published
password: never create them in a warehouse that others can reach.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from ingestion.files.csv_reader import read_strictly
from ingestion.files.profiles import read_profiles
from ingestion.portfolios.tags import load_tags
from ingestion.portfolios.target_prices import load_target_prices
from ingestion.portfolios.users import add_user, find_user
from ingestion.raw.datasets import COMPANY_PROFILES
from ingestion.raw.loads import Connection, LoadReport, load_frame
from ingestion.statements.load import load_positions

DEMO_FOLDER = Path(__file__).parent / "data"
STATEMENT_DATE = date(2025, 6, 30)
DEMO_PASSWORD = "SigmaSight2025"  # noqa: S105 - published on purpose: it opens the demo only

_COLUMNS = (
    "portfolio_file",
    "portfolio_name",
    "owner_email",
    "owner_full_name",
    "account_type",
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
    equity_balance: Decimal
    long_exposure_at_cost: Decimal
    short_exposure_at_cost: Decimal


def demo_portfolios() -> list[DemoPortfolio]:
    """The demo portfolios, with the expected totals of their positions at cost."""
    return [
        DemoPortfolio(
            DEMO_FOLDER / record["portfolio_file"],
            record["portfolio_name"],
            record["owner_email"],
            record["owner_full_name"],
            record["account_type"],
            Decimal(record["equity_balance"]),
            Decimal(record["long_exposure_at_cost"]),
            Decimal(record["short_exposure_at_cost"]),
        )
        for record in read_strictly(DEMO_FOLDER / "portfolios.csv", _COLUMNS)
    ]


def load_demo_portfolios(connection: Connection) -> list[LoadReport]:
    """Load the portfolios, their positions, tags and target prices, and the profiles of their symbols."""
    reports = []
    for portfolio in demo_portfolios():
        reports += load_positions(
            connection,
            portfolio.path,
            portfolio_name=portfolio.portfolio_name,
            owner_email=portfolio.owner_email,
            owner_full_name=portfolio.owner_full_name,
            account_type=portfolio.account_type,
            equity=portfolio.equity_balance,
            statement_date=STATEMENT_DATE,
        )
    reports.append(load_tags(connection, DEMO_FOLDER / "tags.csv"))
    reports.append(load_target_prices(connection, DEMO_FOLDER / "target_prices.csv", today=STATEMENT_DATE))
    reports.append(load_demo_profiles(connection))
    return reports


def load_demo_profiles(connection: Connection) -> LoadReport:
    """Load names, sectors and types of the demo's symbols (source 'reference')."""
    path = DEMO_FOLDER / "profiles.csv"
    profiles = read_profiles(path, today=STATEMENT_DATE)
    return load_frame(connection, COMPANY_PROFILES, profiles, source="reference", origin=str(path))


def create_demo_users(connection: Connection) -> list[str]:
    """Create an account with DEMO_PASSWORD for each owner without one; return all owners' addresses."""
    owners = {portfolio.owner_email: portfolio.owner_full_name for portfolio in demo_portfolios()}
    for email, full_name in owners.items():
        if find_user(connection, email) is None:
            add_user(connection, email, full_name, DEMO_PASSWORD)
    return list(owners)
