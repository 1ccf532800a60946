"""Load a folder of files.

Every file is read and checked before the first one is loaded, so that an error in one file leaves no partial
load. File names (CSV, or Parquet for the first four):

    profiles.csv            company profiles
    corporate_actions.csv   splits, dividends, renames and mergers
    rates.csv               Treasury yields, percent
    prices.csv              closes as traded
    option_chain_*.csv      end-of-day option quotes
    capital_flows.csv, private_marks.csv    of portfolios that are already loaded
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from ingestion.errors import MalformedFileError
from ingestion.files import reference
from ingestion.files.actions import read_actions
from ingestion.files.prices import read_price_file
from ingestion.files.profiles import read_profiles
from ingestion.market.calendar import sessions
from ingestion.portfolios.capital_flows import load_capital_flows
from ingestion.portfolios.private_marks import load_private_marks
from ingestion.raw.datasets import (
    COMPANY_PROFILES,
    CORPORATE_ACTIONS,
    OPTION_QUOTES,
    PRICES,
    TREASURY_RATES,
    Dataset,
)
from ingestion.raw.loads import Connection, LoadReport, Rows, load_transaction, recorded_failure
from ingestion.raw.rejections import Rejections

SOURCE = "files"


@dataclass(frozen=True)
class Prepared:
    """A file that was read and checked, ready to load."""

    dataset: Dataset
    path: Path
    rows: Rows
    rejections: Rejections = field(default_factory=Rejections)


def load_folder(connection: Connection, folder: Path, *, today: date | None = None) -> list[LoadReport]:
    """Load every file of the folder with a known name, each as one load.

    today: no price may be dated after it (default: today, UTC). Raises MalformedFileError,
    UnknownPortfolioError or LoadFailedError; an invalid file is recorded as a failed load.
    """
    today = today or datetime.now(UTC).date()
    folder = folder.expanduser()
    found = find_files(folder)
    notices = _unknown_files(folder, found)
    prepared = []
    for kind, path in found:
        if kind in _READERS:
            dataset, read = _READERS[kind]
            with recorded_failure(connection, dataset.name, source=SOURCE, origin=str(path)):
                prepared.append(read(path, today))
    reports = []
    for file in prepared:
        with load_transaction(connection, file.dataset.name, source=SOURCE, origin=str(file.path)) as load:
            reports.append(load.rows(file.dataset, file.rows, rejected=file.rejections, notices=notices))
        notices = []  # reported once, with the first file
    for kind, path in found:
        if kind in _PORTFOLIO_LOADERS:
            reports.append(_PORTFOLIO_LOADERS[kind](connection, path, today=today))
    return reports


def find_files(folder: Path) -> list[tuple[str, Path]]:
    """(kind, path) of the known files, in load order.

    Raises MalformedFileError if there is none, or if a file exists in two formats.
    """
    if not folder.is_dir():
        raise MalformedFileError(folder, "there is no such folder; check its name.")
    found = []
    for name in _PARQUET_TOO:
        paths = [folder / f"{name}{suffix}" for suffix in (".csv", ".parquet")]
        present = [path for path in paths if path.is_file()]
        if len(present) > 1:
            raise MalformedFileError(present[0], f"{present[1].name} exists too; remove one of them.")
        found += [(name, path) for path in present]
    found += [("option_chain", path) for path in sorted(folder.glob("option_chain_*.csv"))]
    found += [(name, path) for name in _PORTFOLIO_LOADERS if (path := folder / f"{name}.csv").is_file()]
    if not found:
        names = ", ".join(f"{name}.csv" for name in (*_PARQUET_TOO, *_PORTFOLIO_LOADERS))
        raise MalformedFileError(
            folder, f"holds none of the files {names}, option_chain_*.csv; check its name."
        )
    return found


def _unknown_files(folder: Path, found: list[tuple[str, Path]]) -> list[str]:
    """A notice for each CSV or Parquet file in the folder whose name is unknown."""
    known = {path for _, path in found}
    others = sorted(
        path for path in folder.iterdir() if path.suffix in {".csv", ".parquet"} and path not in known
    )
    return [f"{path} has an unknown name and was not loaded." for path in others]


def _read_prices(path: Path, today: date) -> Prepared:
    rejections = Rejections()
    rows = read_price_file(path, today=today).tables(
        sessions=sessions(), last_session=np.datetime64(today, "D"), rejections=rejections
    )
    return Prepared(PRICES, path, rows, rejections)


def _read_actions(path: Path, _: date) -> Prepared:
    return Prepared(CORPORATE_ACTIONS, path, read_actions(path))


def _read_rates(path: Path, today: date) -> Prepared:
    return Prepared(TREASURY_RATES, path, reference.read_rates(path, today=today))


def _read_profiles(path: Path, today: date) -> Prepared:
    return Prepared(COMPANY_PROFILES, path, read_profiles(path, today=today))


def _read_option_chain(path: Path, today: date) -> Prepared:
    return Prepared(OPTION_QUOTES, path, reference.read_option_chain(path, today=today))


_READERS: Mapping[str, tuple[Dataset, Callable[[Path, date], Prepared]]] = {
    "profiles": (COMPANY_PROFILES, _read_profiles),
    "corporate_actions": (CORPORATE_ACTIONS, _read_actions),
    "rates": (TREASURY_RATES, _read_rates),
    "prices": (PRICES, _read_prices),
    "option_chain": (OPTION_QUOTES, _read_option_chain),
}
_PARQUET_TOO = ("profiles", "corporate_actions", "rates", "prices")
_PORTFOLIO_LOADERS = {"capital_flows": load_capital_flows, "private_marks": load_private_marks}
