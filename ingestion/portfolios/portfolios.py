"""Portfolios and their owners: validating their fields (ERR_PORT_*), and finding a loaded portfolio."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pandas as pd

from ingestion.errors import FieldError, InvalidPortfolio, UnknownPortfolioError
from ingestion.files.csv_reader import decimals, parse_number
from ingestion.portfolios.names import close_names, did_you_mean, has_control_characters, same_names
from ingestion.raw.ids import portfolio_id
from ingestion.raw.loads import Connection

ACCOUNT_TYPES = ("taxable", "ira", "roth_ira", "401k", "403b", "529", "hsa", "trust", "other")

LONGEST_NAME = 255
LONGEST_ACCOUNT_NAME = 100
LARGEST_EQUITY = Decimal(10) ** 12
SMALLEST_EQUITY_TO_GROSS = Decimal("0.01")

_EQUITY_DECIMALS = 6
_EMAIL = re.compile(r"[!-?A-~]+@[!-\-/-?A-~]+(\.[!-\-/-?A-~]+)+")  # printable ASCII
_NAMES_SHOWN = 20

_Row = tuple[UUID, str, str]  # key, name, owner


@dataclass(frozen=True)
class Portfolio:
    """A portfolio as it is stored. initial_equity: starting capital, USD, not the value of its positions.

    opening_date: the session at whose values older lots open, None if lots perform from their entry.
    """

    portfolio_name: str
    owner_email: str
    account_type: str
    initial_equity: Decimal
    inception_date: date
    owner_full_name: str | None = None
    description: str | None = None
    account_name: str | None = None
    base_currency: str = "USD"
    opening_date: date | None = None

    @property
    def portfolio_id(self) -> UUID:
        """Key of the portfolio."""
        return portfolio_id(self.owner_email, self.portfolio_name)

    def frame(self) -> pd.DataFrame:
        """The one row for raw.portfolios."""
        return pd.DataFrame([{"portfolio_id": str(self.portfolio_id), **vars(self)}], dtype=object)


@dataclass(frozen=True)
class PortfolioFields:
    """User-supplied fields of a portfolio; None where a field was not given.

    equity: USD, as a number or as typed ("$485,000"). is_new: the portfolio must not exist yet.
    performs_from_statement: older lots open at their value of the first statement's date. similar: see
    with_stored_name.
    """

    portfolio_name: str
    owner_email: str
    equity: Decimal | str | None = None
    owner_full_name: str | None = None
    account_type: str | None = None
    description: str | None = None
    inception_date: date | None = None
    account_name: str | None = None
    is_new: bool = False
    performs_from_statement: bool = False
    similar: tuple[str, ...] = ()

    @property
    def portfolio_id(self) -> UUID:
        """Key of the portfolio."""
        return portfolio_id(self.owner_email, self.portfolio_name)

    def errors(
        self, known: Portfolio | None, *, gross_at_cost: Decimal, derived_equity: Decimal | None = None
    ) -> list[FieldError]:
        """All errors of the fields. known: the portfolio as last loaded, or None.

        gross_at_cost: of its positions, USD; 0 if unknown. derived_equity: what a new portfolio starts
        with if no equity is given, USD; None if unknown.
        """
        name, owner = self.portfolio_name.strip(), self.owner_email.strip().lower()
        errors = name_errors(name, owner, self._account_type(known), self.account_name)
        if known is not None and self.is_new:
            errors.append(_exists(owner, name))
        if self.equity is not None:
            errors += equity_errors(self.equity, gross_at_cost)
        elif known is None and derived_equity is not None:
            errors += _derived_equity_errors(derived_equity, gross_at_cost)
        return errors

    @property
    def suggestion(self) -> str | None:
        """A question for a new portfolio whose name may be a typo of another one of its owner."""
        return did_you_mean([repr(name) for name in self.similar]) if self.similar else None

    def resolve(
        self,
        known: Portfolio | None,
        *,
        gross_at_cost: Decimal,
        entry_dates: Sequence[date],
        derived_equity: Decimal,
        opening_date: date | None = None,
    ) -> Portfolio:
        """The portfolio to store: each field as given, else as known, else its default.

        gross_at_cost: of its positions, USD. entry_dates: of the new lots; the earliest is the default
        inception date, but not before opening_date. derived_equity: the default of a new portfolio, USD.
        Raises InvalidPortfolio with all errors.
        """
        default = known.initial_equity if known else derived_equity
        equity = default if self.equity is None else _amount(self.equity)
        errors = self.errors(known, gross_at_cost=gross_at_cost, derived_equity=derived_equity)
        if errors or equity is None:
            raise InvalidPortfolio(errors)
        name = self.portfolio_name.strip()
        return Portfolio(
            name,
            self.owner_email.strip().lower(),
            self._account_type(known),
            equity,
            self.inception_date or _inception(known, entry_dates, opening_date),
            owner_full_name=self.owner_full_name or None,
            description=self.description or None,
            account_name=self.account_name.strip() if self.account_name else None if known else name,
            opening_date=opening_date,
        )

    def _account_type(self, known: Portfolio | None) -> str:
        return self.account_type or (known.account_type if known else ACCOUNT_TYPES[0])


def _inception(known: Portfolio | None, entry_dates: Sequence[date], opening_date: date | None) -> date:
    """The first entry, or the known inception if that is earlier; nothing is entered before the opening."""
    opened = opening_date or date.min
    entered = [max(day, opened) for day in entry_dates]
    if known is None:
        return min(entered)
    is_opened_now = known.opening_date != opening_date
    return min([max(known.inception_date, opened) if is_opened_now else known.inception_date, *entered])


def is_email(text: str) -> bool:
    """Whether the text has the form of an e-mail address, in ASCII: no other letter has a second spelling."""
    return _EMAIL.fullmatch(text) is not None and len(text) <= LONGEST_NAME


def name_errors(
    portfolio_name: str, owner_email: str, account_type: str, account_name: str | None = None
) -> list[FieldError]:
    """Errors of the name, the owner and the account. account_name: None if not given."""
    errors = []
    if not portfolio_name.strip():
        errors.append(FieldError("ERR_PORT_002", "portfolio_name", None, "The portfolio needs a name."))
    if has_control_characters(portfolio_name):
        sentence = "The portfolio's name has control characters; write it in one line of plain text."
        errors.append(FieldError("ERR_PORT_002", "portfolio_name", None, sentence))
    if len(portfolio_name) > LONGEST_NAME:
        sentence = (
            f"The portfolio's name has {len(portfolio_name)} characters; at most {LONGEST_NAME} are allowed."
        )
        errors.append(FieldError("ERR_PORT_003", "portfolio_name", portfolio_name[:LONGEST_NAME], sentence))
    if not is_email(owner_email):
        sentence = (
            f"{owner_email!r} is not a valid e-mail address; give the address of the portfolio's owner."
        )
        errors.append(FieldError("ERR_USER_002", "owner_email", owner_email, sentence))
    if account_type not in ACCOUNT_TYPES:
        sentence = f"The account type {account_type!r} is unknown; use one of {', '.join(ACCOUNT_TYPES)}."
        errors.append(FieldError("ERR_PORT_009", "account_type", account_type, sentence))
    if account_name is not None:
        errors += _account_name_errors(account_name)
    return errors


def _account_name_errors(account_name: str) -> list[FieldError]:
    name = account_name.strip()
    if not name:
        sentence = "The account's name is blank; write it, or leave it out to use the portfolio's name."
        return [FieldError("ERR_PORT_011", "account_name", None, sentence)]
    if has_control_characters(name):
        sentence = "The account's name has control characters; write it in one line of plain text."
        return [FieldError("ERR_PORT_011", "account_name", None, sentence)]
    if len(name) > LONGEST_ACCOUNT_NAME:
        sentence = (
            f"The account's name has {len(name)} characters; at most {LONGEST_ACCOUNT_NAME} are allowed."
        )
        return [FieldError("ERR_PORT_010", "account_name", name[:LONGEST_ACCOUNT_NAME], sentence)]
    return []


def equity_errors(equity: Decimal | str | None, gross_at_cost: Decimal) -> list[FieldError]:
    """Errors of the equity balance, a number or text, given the portfolio's gross value at cost."""
    if equity is None or equity == "":
        sentence = (
            "The equity balance is blank; write the capital that the portfolio started with, in USD, or "
            "leave the option out to use the value of its positions and cash."
        )
        return [FieldError("ERR_PORT_004", "equity_balance", None, sentence)]
    value, amount = str(equity), _amount(equity)
    if amount is None or amount <= 0:
        sentence = (
            f"The equity balance {value!r} is not an amount above zero; write the capital that the "
            "portfolio started with, like 485000 or 485,000.00."
        )
        return [FieldError("ERR_PORT_005", "equity_balance", value, sentence)]
    if amount > LARGEST_EQUITY or amount < gross_at_cost * SMALLEST_EQUITY_TO_GROSS:
        sentence = (
            f"The equity balance {value} is unreasonable: it must be at most {LARGEST_EQUITY:,} and at "
            f"least 1/100 of the positions' gross value, which is {gross_at_cost:,.2f}; correct it."
        )
        return [FieldError("ERR_PORT_006", "equity_balance", value, sentence)]
    return []


def missing_value_at_opening(opening: date) -> FieldError:
    """The error of a file of lots, which has no values, that is to open a portfolio at its date's values."""
    sentence = (
        f"Performance from the statement needs the value of the positions and cash on {opening}: give it by "
        "--equity."
    )
    return FieldError("ERR_PORT_004", "equity_balance", None, sentence)


def _derived_equity_errors(equity: Decimal, gross_at_cost: Decimal) -> list[FieldError]:
    if equity > 0:
        return equity_errors(equity, gross_at_cost)
    sentence = (
        f"The positions and cash add up to {equity:,.2f} USD, which is no equity to start with; list the "
        "cash, or give the capital that the portfolio started with by --equity."
    )
    return [FieldError("ERR_PORT_004", "equity_balance", None, sentence)]


def _amount(equity: Decimal | str | None) -> Decimal | None:
    """The equity as a finite number, or None."""
    if isinstance(equity, str):
        number = parse_number(equity.strip().removeprefix("$"))
        return number if number is not None and decimals(number) <= _EQUITY_DECIMALS else None
    return equity if equity is not None and equity.is_finite() else None


def _exists(owner_email: str, portfolio_name: str) -> FieldError:
    sentence = (
        f"{owner_email} already has a portfolio {portfolio_name!r}; choose another name, or load the file as "
        "its next statement."
    )
    return FieldError("ERR_PORT_001", "portfolio_name", portfolio_name, sentence)


def known_portfolio(connection: Connection, key: UUID) -> Portfolio | None:
    """The portfolio as it was last loaded."""
    row = connection.execute(
        "select portfolio_name, owner_email, account_type, initial_equity, inception_date, owner_full_name, "
        "description, account_name, base_currency, opening_date "
        "from raw.portfolios where portfolio_id = %s order by load_id desc limit 1",
        [key],
    ).fetchone()
    return None if row is None else Portfolio(*row)


class Directory:
    """The loaded portfolios and the symbols that each holds or held, read once per file."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows = connection.execute(
            "select portfolio_id, portfolio_name, owner_email from raw.newest_portfolios"
        ).fetchall()
        self._found: dict[UUID, Portfolio] = {}
        self._symbols: dict[UUID, frozenset[str]] = {}

    def find(self, portfolio_name: str, owner_email: str | None = None) -> Portfolio:
        """The portfolio of this name, without regard to case; no owner is needed if the name is unique.

        Raises UnknownPortfolioError with suggestions and the known names.
        """
        owner = owner_email.strip().lower() if owner_email else None
        rows = [row for row in self._rows if owner in {None, row[2]}]
        names = same_names(portfolio_name, [row[1] for row in rows])
        named = [row for row in rows if row[1] in names]
        if len(named) == 1:
            return self._read(named[0][0])
        if named:
            raise UnknownPortfolioError(_several(portfolio_name, named))
        raise UnknownPortfolioError(_unknown(portfolio_name, owner, rows, self._rows))

    def symbols(self, key: UUID) -> frozenset[str]:
        """Symbols of all positions of the portfolio, including closed ones."""
        if key not in self._symbols:
            rows = self._connection.execute(
                "select distinct symbol from raw.positions where portfolio_id = %s", [key]
            )
            self._symbols[key] = frozenset(row[0] for row in rows)
        return self._symbols[key]

    def _read(self, key: UUID) -> Portfolio:
        if key not in self._found:
            portfolio = known_portfolio(self._connection, key)
            assert portfolio is not None  # noqa: S101 - its key was just read, and raw is append-only
            self._found[key] = portfolio
        return self._found[key]


def with_stored_name(connection: Connection, fields: PortfolioFields) -> PortfolioFields:
    """The fields, with the name of the owner's portfolio that they mean as it is stored.

    "mine" means the owner's "Mine", unless several names differ in case only. A new name stays as it was
    given; `similar` are then the owner's names that it may be a typo of.
    """
    with connection.transaction():
        rows = connection.execute(
            "select portfolio_name from raw.newest_portfolios where owner_email = %s order by 1",
            [fields.owner_email.strip().lower()],
        ).fetchall()
    names = [row[0] for row in rows]
    found = same_names(fields.portfolio_name, names)
    if len(found) == 1:
        return replace(fields, portfolio_name=found[0], similar=())
    return replace(fields, similar=tuple(close_names(fields.portfolio_name, names)))


def _several(portfolio_name: str, named: list[_Row]) -> str:
    """The error for a name that several portfolios have."""
    owners = sorted({row[2] for row in named})
    if len(owners) == 1:
        names = ", ".join(sorted(repr(row[1]) for row in named))
        return f"{owners[0]} has {names}, which differ in case only; write the name as it is stored."
    return (
        f"Several users have a portfolio {portfolio_name!r} ({', '.join(owners)}); fill in owner_email (on "
        "the command line: --owner)."
    )


def _unknown(portfolio_name: str, owner: str | None, rows: list[_Row], all_rows: list[_Row]) -> str:
    """The error for a name that no portfolio has: the suggestions, of the owner first, or all names."""
    error = f"There is no portfolio {portfolio_name!r}{f' of {owner}' if owner else ''}"
    for candidates in (rows, all_rows):
        close = close_names(portfolio_name, [row[1] for row in candidates])
        found = [f"{row[1]!r} of {row[2]}" for name in close for row in candidates if row[1] == name]
        if found:
            return f"{error}; {did_you_mean(found)} `sigmasight portfolios list` shows all."
    return f"{error}; {_known_names(all_rows)}. Correct the name, or load its positions first."


def _known_names(rows: list[_Row]) -> str:
    names = sorted(f"{row[1]!r} of {row[2]}" for row in rows)
    if not names:
        return "no portfolio is loaded yet"
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"known portfolios: {', '.join(names[:_NAMES_SHOWN])}{more}"
