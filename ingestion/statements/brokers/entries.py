"""Convert a broker's download to rows of the positions file; missing fields come from the user or known lots.

Most downloads have a position's average cost and no lots. Then the portfolio's known lots are kept: a surplus
over them was bought since, a shortfall was sold, oldest lot first. So monthly downloads do not repeat past
purchases.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from ingestion.errors import PositionsFileError
from ingestion.files.csv_reader import Record
from ingestion.market.symbols import normalize_symbol
from ingestion.statements.brokers.export import Export, Holding
from ingestion.statements.columns import (
    CLASS,
    COLUMNS,
    ENTRY_DATE,
    ENTRY_IS_ASSUMED,
    ENTRY_PRICE,
    QUANTITY,
    SUBTYPE,
    SYMBOL,
)
from ingestion.statements.formats import FileFormats
from ingestion.statements.known import HeldLot
from ingestion.statements.money.stated_costs import StatedCost
from ingestion.statements.notices import plain, shortened
from ingestion.wording import joined

_PRICE_STEP, _QUANTITY_STEP = Decimal("0.0001"), Decimal("0.000001")
_ENOUGH_DIGITS = 80  # for the product of any two numbers of a file
_ONE = Decimal(1)
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")

_NOTHING = (
    PositionsFileError(
        "ERR_CSV_003", None, None, None, "The download lists no position with a quantity; download it again."
    ),
)

HOW_TO_DATE = (
    "the download has none: give --entry-date DATE, or --entry-at-market to begin on the download's date"
)
_BESIDE_SALES = (
    "{symbol} bought at {price}, the download's cost less that of our lots, of which some were sold: where "
    "your broker counted other lots as sold than the oldest, or an average, it was bought at another price, "
    "and the flow and the gain beside it are wrong; --entry-price {symbol}=USD gives what was paid"
)
_SINCE_STATED = "{symbol} bought at {price}, the download's cost less that of the download of {stated_on}"
HOW_TO_PRICE = "the download has no cost: give --entry-price SYMBOL=PRICE, or --entry-at-market"


@dataclass(frozen=True)
class EntryTerms:
    """User-supplied terms for what a file lacks.

    entry_date: of positions without one. prices: USD per share by symbol, with precedence over the download.
    at_market: positions begin on the date of the download, at its price. account: the account to load.
    symbols: by the ISIN that the download has instead. currency: of a download that does not name it.
    formats: how the file writes dates and numbers; the other terms are for downloads only.
    """

    entry_date: date | None = None
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    at_market: bool = False
    account: str | None = None
    symbols: Mapping[str, str] = field(default_factory=dict)
    currency: str | None = None
    formats: FileFormats = field(default_factory=FileFormats)

    @property
    def is_for_download(self) -> bool:
        """Whether any of the terms is only for downloads."""
        return replace(self, formats=FileFormats()) != EntryTerms()


@dataclass(frozen=True)
class Earlier:
    """What is known before a download, by symbol. held: the open lots. costs: what downloads stated."""

    held: Mapping[str, Sequence[HeldLot]] = field(default_factory=dict)
    costs: Mapping[str, StatedCost] = field(default_factory=dict)


@dataclass(frozen=True)
class Entries:
    """Rows in the columns of the positions file, notices of what was assumed, and errors.

    listed: the holdings of a download; a row has the line of its holding. account_value: its total, USD.
    has_zero_cash: whether it lists cash, and that is 0. unsure: symbols bought at a price that sales may make
    wrong, with the date of the download whose cost it is compared with; None: it is compared with our lots.
    """

    records: tuple[Record, ...]
    notices: tuple[str, ...]
    errors: tuple[PositionsFileError, ...] = ()
    listed: tuple[Holding, ...] = ()
    account_value: Decimal | None = None
    has_zero_cash: bool = False
    unsure: Mapping[str, date | None] = field(default_factory=dict)


def entries(export: Export, terms: EntryTerms, earlier: Earlier, as_of: date) -> Entries:
    """The rows of one account of a download. earlier: what is known before `as_of`."""
    chosen = _of_account(export, terms.account)
    currency_error = _currency_error(export, terms.currency)
    if isinstance(chosen, PositionsFileError) or currency_error is not None:
        stated = tuple(one for one in (chosen, currency_error) if isinstance(one, PositionsFileError))
        return Entries((), (), (*stated, *export.errors))
    chosen, missing = _with_symbols(chosen, terms.symbols)
    assumed: Counter[str] = Counter()
    unsure: dict[str, date | None] = {}
    notices = [_dated(export, as_of), *export.notices]
    prices = {normalize_symbol(symbol): price for symbol, price in terms.prices.items()}
    resolved, records = replace(terms, prices=prices), []
    with localcontext(prec=_ENOUGH_DIGITS):
        listed = _merged(_not_empty(chosen, notices), notices)
        for holding in listed:
            symbol = normalize_symbol(holding.symbol)
            lots, before = earlier.held.get(symbol, []), earlier.costs.get(symbol)
            paid = _paid_since(before, holding, lots)
            known = _against_known(holding, lots, assumed, paid)
            if symbol not in prices and _is_beside_sales(known, lots):
                unsure[symbol] = before.stated_on if before and paid else None
                assumed[_beside_sales(known[-1], unsure[symbol])] += 1
            records += [_record(entry, resolved, as_of, assumed) for entry in known]
    notices += [f"{count} of {len(records)} rows: {what}." for what, count in assumed.items() if count]
    unused = prices.keys() - {normalize_symbol(holding.symbol) for holding in chosen}
    notices += [f"--entry-price {symbol}: the download has no such position." for symbol in sorted(unused)]
    errors = (*export.errors, *missing) or (() if records else _NOTHING)
    total = export.account_values.get(chosen[0].account) if chosen else None
    cash = [holding.quantity for holding in chosen if holding.is_cash]
    has_zero_cash = bool(cash) and all(quantity == 0 for quantity in cash)
    return Entries(tuple(records), tuple(notices), errors, tuple(listed), total, has_zero_cash, unsure)


def _of_account(export: Export, account: str | None) -> tuple[Holding, ...] | PositionsFileError:
    """The holdings of the chosen account, or the error if the choice is ambiguous or unknown."""
    accounts = export.accounts
    if account is None:
        if len(accounts) <= 1:
            return export.holdings
        sentence = (
            f"The download lists {len(accounts)} accounts ({', '.join(accounts)}); choose one with --account."
        )
        return PositionsFileError("ERR_PORT_008", None, "Account", None, sentence)
    wanted = account.strip().lower()
    found = [name for name in accounts if wanted in {name.lower(), *name.lower().split()}]
    found = found or [name for name in accounts if wanted in name.lower()]
    if len(found) == 1:
        return tuple(holding for holding in export.holdings if holding.account == found[0])
    known = ", ".join(filter(None, accounts)) or "none by name"
    how = "is not an account" if not found else "matches more than one account"
    sentence = f"{account!r} {how} of the download, which lists {known}; correct --account."
    return PositionsFileError("ERR_PORT_008", None, "Account", account, sentence)


def _currency_error(export: Export, currency: str | None) -> PositionsFileError | None:
    """The error of a download in another currency than USD, or in none that it or the user names."""
    said = currency.strip().upper() if currency else None
    if said == "USD" or (said is None and not export.needs_currency):
        return None
    what = f"is in {said}" if said else "does not say its currency"
    remedy = "download an account in USD" if said else "if it is in USD, give --currency USD"
    sentence = f"The download {what}, and only USD can be loaded; {remedy}."
    return PositionsFileError("ERR_PORT_008", None, "Currency", said, sentence)


def _with_symbols(
    holdings: Sequence[Holding], symbols: Mapping[str, str]
) -> tuple[tuple[Holding, ...], tuple[PositionsFileError, ...]]:
    """The holdings with the symbols of their ISINs, and one error that lists the ISINs without one."""
    known = {isin.upper(): symbol for isin, symbol in symbols.items()}
    named = [replace(one, symbol=known.get(one.symbol, one.symbol)) for one in holdings]
    missing = [one for one in named if _ISIN.fullmatch(one.symbol)]
    kept = tuple(one for one in named if one not in missing)
    if not missing:
        return kept, ()
    isins = list(dict.fromkeys(one.symbol for one in missing))
    sentence = (
        f"The download has ISINs and no symbols ({joined(isins)}); give the symbol of each, "
        f"as in --symbol {isins[0]}=SYMBOL."
    )
    error = PositionsFileError("ERR_POS_001", missing[0].line, COLUMNS[SYMBOL], isins[0], sentence)
    return kept, (error,)


def _not_empty(holdings: Sequence[Holding], notices: list[str]) -> list[Holding]:
    kept = [holding for holding in holdings if holding.quantity != 0]
    empty = [holding for holding in holdings if holding.quantity == 0]
    if empty:
        where = f"Row {empty[0].line}" if len(empty) == 1 else f"Rows {joined(one.line for one in empty)}"
        verb = "has" if len(empty) == 1 else "have"
        left = "was" if len(empty) == 1 else "were"
        symbols = joined(one.symbol for one in empty)
        notices.append(f"{where}: {symbols} {verb} a quantity of 0 and {left} left out.")
    return kept


def _merged(holdings: Iterable[Holding], notices: list[str]) -> list[Holding]:
    """Merge rows of one symbol (such as cash and margin); lots stay separate."""
    merged: dict[tuple[object, ...], Holding] = {}
    added: list[str] = []
    for holding in holdings:
        if not isinstance(holding.quantity, Decimal):
            merged[holding.line,] = holding
            continue
        price = holding.cost if holding.entry_date else None
        key = (holding.symbol, holding.quantity > 0, holding.entry_date, price and _price(price))
        first = merged.get(key)
        if first is not None and isinstance(first.quantity, Decimal):
            added.append(f"Row {holding.line}: {holding.symbol} was added to row {first.line}.")
            quantity = first.quantity + holding.quantity
            costs = [(part.quantity, part.cost) for part in (first, holding)]
            known = [(held, cost) for held, cost in costs if cost is not None and isinstance(held, Decimal)]
            cost = sum((h * c for h, c in known), Decimal(0)) / quantity if len(known) == len(costs) else None
            holding = replace(first, quantity=quantity, cost=cost)  # noqa: PLW2901 - replaced by the sum
        merged[key] = holding
    notices += shortened(added)
    return list(merged.values())


def _is_beside_sales(known: Sequence[Holding], lots: Iterable[HeldLot]) -> bool:
    """Whether the last of these was bought since, and some of the lots beside it were sold before."""
    is_rest = len(known) > 1 and known[-1].entry_date is None and known[-1].cost is not None
    return is_rest and any(lot.has_sales and not lot.is_left_out for lot in lots)


def _beside_sales(bought: Holding, stated_on: date | None) -> str:
    """The notice of a price beside sales. stated_on: of the cost that it is compared with."""
    notice = _BESIDE_SALES if stated_on is None else _SINCE_STATED
    price = plain(_price(bought.cost or Decimal(0)))
    return notice.format(symbol=bought.symbol, price=price, stated_on=stated_on)


def _paid_since(stated: StatedCost | None, holding: Holding, lots: Iterable[HeldLot]) -> Decimal | None:
    """What was paid per share since a cost was stated, if that was the cost of the lots that are known."""
    quantity = holding.quantity
    if stated is None or holding.cost is None or not isinstance(quantity, Decimal):
        return None
    bought = quantity - stated.quantity
    if not bought or not _is_all_of(_open_on_side(lots, quantity), stated.quantity):
        return None
    paid = (quantity * holding.cost - stated.quantity * stated.cost) / bought
    return paid if _price(paid) > 0 else None


def _open_on_side(lots: Iterable[HeldLot], quantity: Decimal) -> list[HeldLot]:
    """The open lots that are long or short, as this quantity."""
    return [lot for lot in lots if (lot.row["quantity"] > 0) == (quantity > 0) and not lot.is_left_out]


def _known_quantity(lots: Iterable[HeldLot]) -> Decimal:
    return sum((lot.row["quantity"] * lot.ratio for lot in lots), Decimal(0))


def _is_all_of(lots: Sequence[HeldLot], quantity: Decimal) -> bool:
    """Whether a quantity in today's shares is that of all these lots; a split pays out fractions."""
    was_split = any(lot.ratio != 1 for lot in lots)
    known = _known_quantity(lots)
    return quantity == known or (was_split and abs(quantity - known) < 1)


def _against_known(
    holding: Holding, lots: Sequence[HeldLot], assumed: Counter[str], paid: Decimal | None
) -> list[Holding]:
    """The lots behind an averaged holding: the known ones, and a new one for the rest.

    paid: the price of the rest, if the costs that were stated tell it.
    """
    quantity = holding.quantity
    if holding.entry_date is not None or not isinstance(quantity, Decimal):
        return [holding]
    same = _open_on_side(lots, quantity)
    known = _known_quantity(same)
    if not same:
        own = [lot for lot in lots if (lot.row["quantity"] > 0) == (quantity > 0)]
        return _left_out(holding, quantity, own, assumed) or [holding]
    if _is_all_of(same, quantity):
        assumed["entry date and price of known lots"] += len(same)
        return [_as_known(holding, lot, lot.row["quantity"]) for lot in same]
    if abs(quantity) > abs(known):
        assumed["entry date and price of known lots"] += len(same)
        rest = quantity - known
        bought = replace(holding, quantity=rest, cost=paid or _cost_of_rest(holding, same, rest))
        return [*(_as_known(holding, lot, lot.row["quantity"]) for lot in same), bought]
    return _after_sale(holding, same, abs(known) - abs(quantity), assumed)


def _left_out(
    holding: Holding, quantity: Decimal, lots: Iterable[HeldLot], assumed: Counter[str]
) -> list[Holding]:
    """The lots that an earlier statement left out last, if the holding is all of them at their cost."""
    gone = list(lots)
    last = max((lot.row["exit_date"] for lot in gone), default=None)
    gone = [lot for lot in gone if lot.row["exit_date"] == last]
    held = sum((lot.row["quantity"] * lot.ratio for lot in gone), Decimal(0))
    cost = sum((lot.row["quantity"] * lot.row["entry_price"] for lot in gone), Decimal(0))
    if not gone or holding.cost is None or quantity != held:
        return []
    if abs(quantity * holding.cost - cost) > abs(quantity) * _PRICE_STEP:
        return []
    assumed["entry date and price of lots that an earlier statement left out: they were not sold"] += len(
        gone
    )
    return [_as_known(holding, lot, lot.row["quantity"]) for lot in gone]


def _after_sale(
    holding: Holding, lots: Iterable[HeldLot], sold: Decimal, assumed: Counter[str]
) -> list[Holding]:
    """The remaining lots after selling this many of today's shares, oldest lot first."""
    kept = []
    for lot in lots:
        quantity = lot.row["quantity"] * lot.ratio
        taken = min(sold, abs(quantity))
        sold -= taken
        if taken < abs(quantity):
            left = (abs(quantity) - taken) / lot.ratio * (1 if quantity > 0 else -1)
            kept.append(_as_known(holding, lot, left.quantize(_QUANTITY_STEP)))
    assumed["sales since the last statement were taken from the oldest lot first"] += len(kept)
    return kept


def _as_known(holding: Holding, lot: HeldLot, quantity: Decimal) -> Holding:
    row = lot.row
    return replace(
        holding,
        symbol=row["symbol"],
        quantity=quantity,
        entry_date=row["entry_date"],
        cost=row["entry_price"],
    )


def _cost_of_rest(holding: Holding, lots: Iterable[HeldLot], rest: Decimal) -> Decimal | None:
    """The cost per share of the rest: the total cost minus that of the known lots."""
    if holding.cost is None or not isinstance(holding.quantity, Decimal):
        return None
    known = sum((lot.row["quantity"] * lot.row["entry_price"] for lot in lots), Decimal(0))
    cost = (holding.quantity * holding.cost - known) / rest
    return cost if _price(cost) > 0 else holding.cost


def _dated(export: Export, as_of: date) -> str:
    """What the file is, and of which date: its own, the user's, or today for want of both."""
    what = f"This is a position download of {export.broker}"
    if export.as_of is None:
        return f"{what}, which has no date: it is taken as of {as_of}; --statement-date gives another."
    own = "" if export.as_of == as_of else f"; its own date is {export.as_of}"
    return f"{what} of {as_of}{own}."


def _record(holding: Holding, terms: EntryTerms, as_of: date, assumed: Counter[str]) -> Record:
    entry_date, price = _entry(holding, terms, as_of, assumed)
    cells = {
        SYMBOL: holding.symbol,
        QUANTITY: _text(holding.quantity),
        ENTRY_PRICE: _text(_price(price)) if price is not None else "",
        ENTRY_DATE: entry_date.isoformat() if entry_date else "",
        CLASS: holding.investment_class,
        SUBTYPE: holding.subtype,
        ENTRY_IS_ASSUMED: "" if holding.entry_date or holding.is_cash else "yes",
    }
    return Record(holding.line, cells)


def _entry(
    holding: Holding, terms: EntryTerms, as_of: date, assumed: Counter[str]
) -> tuple[date | None, Decimal | None]:
    """Entry date and price of a row: from the download or the known lots, else from the user's terms."""
    if holding.is_cash:
        assumed[
            "cash, worth 1, without an entry date: from the day of the download"
        ] += not holding.entry_date
        return holding.entry_date or as_of, _ONE
    if holding.entry_date is not None:
        return holding.entry_date, holding.cost
    given = terms.prices.get(normalize_symbol(holding.symbol))
    if terms.at_market and terms.entry_date is None:
        assumed["entered on the day of the download, at its price"] += 1
        return as_of, given or holding.market_price
    if terms.entry_date is not None:
        assumed[f"entry date {terms.entry_date}, by --entry-date"] += 1
    if given is not None:
        assumed["entry price by --entry-price"] += 1
    elif holding.cost is not None:
        assumed["entry price from the average cost, rounded to four decimals"] += 1
    elif terms.at_market and holding.market_price is not None:
        assumed["entry price from the download's own price, by --entry-at-market"] += 1
    return terms.entry_date, given or holding.cost or (holding.market_price if terms.at_market else None)


def _price(price: Decimal) -> Decimal:
    return price.quantize(_PRICE_STEP, ROUND_HALF_EVEN)


def _text(number: Decimal | str) -> str:
    return number if isinstance(number, str) else f"{number:f}"
