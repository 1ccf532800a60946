"""Brokers' exports of transactions, recognized from their header: Schwab, Fidelity, Interactive Brokers.

What an export lists and is no transaction of ours (cash moves, assignments, expiries) is left out, and said
by kind: expiries settle by themselves, and an assignment is also listed as a trade of the stock.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ingestion.market.symbols import CASH_SYMBOLS
from ingestion.statements.brokers.notation import amount, day, option_symbol, share_class
from ingestion.statements.brokers.table import (
    Line,
    Row,
    find_header,
    header_names,
    named_cells,
    read_lines,
    rows_below,
)
from ingestion.transactions.model import Transaction

BROKERS = ("Fidelity", "Interactive Brokers", "Schwab")

_ZERO = Decimal(0)
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Export:
    """A recognized export.

    left_out: what its other rows are, with their number. accounts: those that it names, or the one chosen.
    """

    broker: str
    transactions: tuple[Transaction, ...]
    left_out: Counter[str]
    accounts: tuple[str, ...]


Found = Transaction | str  # a transaction, or what the row is instead


def recognize(text: str, account: str | None = None) -> Export | None:
    """The transactions of a broker's export, or None for anything else. Raises csv.Error if it is not CSV.

    account: of an export that names several, in whole or in part; all of them if none or several match.
    """
    for delimiter in _DELIMITERS:
        if delimiter not in text:
            continue
        lines = read_lines(text, delimiter)
        named = _accounts(lines)
        accounts = _chosen(tuple(dict.fromkeys(named.values())), account)
        lines = [line for line in lines if line.number not in named or named[line.number] in accounts]
        for broker, reader in _READERS.items():
            found = reader(lines)
            if found is None:
                continue
            rows = list(found)
            return Export(
                broker,
                tuple(row for row in rows if isinstance(row, Transaction)),
                Counter(row for row in rows if isinstance(row, str)),
                accounts,
            )
    return None


def _chosen(accounts: tuple[str, ...], account: str | None) -> tuple[str, ...]:
    if account is None:
        return accounts
    wanted = account.strip().lower()
    found = [name for name in accounts if wanted in {name.lower(), *name.lower().split()}]
    found = found or [name for name in accounts if wanted in name.lower()]
    return (found[0],) if len(found) == 1 else accounts


def _trade(row: Row, on: date | None, held: Decimal | None, price: Decimal | None, fees: Decimal) -> Found:
    """A buy, or a sell of a negative quantity. What has no price comes or goes without being traded."""
    if on is None or not held or price is None:
        return "trade without a date, quantity or price"
    kind = "buy" if held > 0 else "sell"
    return Transaction(row.number, on, kind, _symbol(row["symbol"]), abs(held), price, abs(fees))


def _symbol(text: str) -> str:
    return option_symbol(text) or share_class(text)


def _is_cash(text: str) -> bool:
    return not text or share_class(text) in CASH_SYMBOLS


# --- Schwab: History, Export ------------------------------------------------------------------------------

_SCHWAB = {"date", "action", "symbol", "quantity", "price", "amount"}
_SCHWAB_IN = {"buy", "buy to open", "buy to close", "buy to cover", "reinvest shares"}
_SCHWAB_OUT = {"sell", "sell short", "sell to open", "sell to close"}
_SCHWAB_DIVIDENDS = (
    *("dividend", "div reinvest", "non-qualified div", "pr yr cash div", "cap gain", "reinvest dividend"),
)
_SCHWAB_FEES = ("fee", "adr mgmt", "tax paid", "margin interest")


def _schwab(lines: Sequence[Line]) -> Iterator[Found] | None:
    header = find_header(lines, _SCHWAB)
    if header is None or not any("fees" in name for name in header_names(header.cells)):
        return None
    return (_schwab_row(row) for row in rows_below(lines, header) if day(row["date"]) is not None)


def _schwab_row(row: Row) -> Found:
    action, on = row["action"].lower(), day(row["date"])
    paid = amount(row["amount"])
    if action in _SCHWAB_IN | _SCHWAB_OUT and not _is_cash(row["symbol"]):
        held = abs(amount(row["quantity"]) or _ZERO) * (1 if action in _SCHWAB_IN else -1)
        fees = amount(row.first("fees & comm", "fees & commissions")) or _ZERO
        return _trade(row, on, held, amount(row["price"]), fees)
    return _cash_row(row, on, action, row["symbol"], paid, dividends=_SCHWAB_DIVIDENDS, fees=_SCHWAB_FEES)


def _cash_row(
    row: Row,
    on: date | None,
    action: str,
    symbol: str,
    paid: Decimal | None,
    *,
    dividends: Sequence[str],
    fees: Sequence[str],
) -> Found:
    """A dividend or a fee by the words of its action, or what the row is instead."""
    if on is not None and paid:
        if any(word in action for word in dividends) and symbol:
            return Transaction(row.number, on, "dividend", _symbol(symbol), amount=paid)
        if any(word in action for word in fees) and paid < 0:
            return Transaction(row.number, on, "fee", _symbol(symbol) if symbol else None, fees=-paid)
    return action or "a row without an action"


# --- Fidelity: Activity & Orders, Download ----------------------------------------------------------------

_FIDELITY = {"run date", "action", "symbol"}
_FIDELITY_TRADES = ("you bought", "you sold", "reinvestment")
_FIDELITY_DIVIDENDS = ("dividend received", "long-term cap gain", "short-term cap gain")
_FIDELITY_FEES = ("fee charged", "foreign tax paid", "margin interest")


def _fidelity(lines: Sequence[Line]) -> Iterator[Found] | None:
    header = find_header(lines, _FIDELITY)
    if header is None:
        return None
    return (_fidelity_row(row) for row in rows_below(lines, header) if day(row["run date"]) is not None)


def _accounts(lines: Sequence[Line]) -> dict[int, str]:
    """The account of each row, by its line; only Fidelity's export of all accounts has any."""
    header = find_header(lines, _FIDELITY)
    if header is None:
        return {}
    rows = [row for row in rows_below(lines, header) if day(row["run date"]) is not None]
    named = ((row, (row["account number"], row.first("account name", "account"))) for row in rows)
    return {row.number: " ".join(filter(None, cells)) for row, cells in named if any(cells)}


def _fidelity_row(row: Row) -> Found:
    action, on, symbol = row["action"].lower(), day(row["run date"]), row["symbol"]
    paid = amount(row.first("amount ($)", "amount"))
    if action.startswith(_FIDELITY_TRADES) and not _is_cash(symbol):
        fees = [amount(row.first(f"{name} ($)", name)) or _ZERO for name in ("commission", "fees")]
        price = amount(row.first("price ($)", "price"))
        return _trade(row, on, amount(row["quantity"]), price, sum(fees, _ZERO))
    short = " ".join(action.split()[:2])
    found = _cash_row(row, on, action, symbol, paid, dividends=_FIDELITY_DIVIDENDS, fees=_FIDELITY_FEES)
    return short if isinstance(found, str) else found


# --- Interactive Brokers: activity statement --------------------------------------------------------------

_SECTIONS = ("trades", "dividends", "fees")


def _interactive_brokers(lines: Sequence[Line]) -> Iterator[Found] | None:
    headers = {line.cells[0].lower() for line in lines if len(line.cells) > 1 and line.cells[1] == "Header"}
    return _ib_rows(lines) if "trades" in headers else None


def _ib_rows(lines: Sequence[Line]) -> Iterator[Found]:
    names: dict[str, list[str]] = {}
    for line in lines:
        section, kind = line.cells[0].lower(), line.cells[1] if len(line.cells) > 1 else ""
        if section not in _SECTIONS:
            continue
        if kind == "Header":
            names[section] = header_names(line.cells)
        elif kind == "Data" and section in names:
            row = Row(line.number, named_cells(names[section], line.cells, line.number))
            found = _ib_row(section, row)
            if found is not None:
                yield found


def _ib_row(section: str, row: Row) -> Found | None:
    if row["currency"] not in {"", "USD"}:
        return None if row["currency"].startswith("Total") else f"{section} in {row['currency']}"
    if section == "trades":
        if row["datadiscriminator"] not in {"", "Order"} or row["asset category"] == "Forex":
            return None
        fees = amount(row.first("comm/fee", "comm in usd")) or _ZERO
        price = amount(row["t. price"])
        return _trade(row, day(row["date/time"]), amount(row["quantity"]), price, fees)
    on, paid = day(row["date"]), amount(row["amount"])
    if on is None or not paid:
        return None  # a total
    if section == "fees":
        return Transaction(row.number, on, "fee", fees=-paid) if paid < 0 else "a fee that was returned"
    symbol = row["description"].partition("(")[0].strip()
    return Transaction(row.number, on, "dividend", _symbol(symbol), amount=paid)


_READERS: dict[str, Callable[[Sequence[Line]], Iterator[Found] | None]] = {
    "Schwab": _schwab,
    "Fidelity": _fidelity,
    "Interactive Brokers": _interactive_brokers,
}
