"""What lots became: renamed, merged into other shares or cash, with a lower strike; and what they received.

The rules are those of the method's section on corporate actions. A later statement lists such a lot under its
new symbol, in new shares; `as_known` finds the known lot behind it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property

from ingestion.market.occ import OptionContract, build_occ
from ingestion.raw.loads import Connection
from ingestion.statements.actions.splits import traded_symbol, traded_symbol_of
from ingestion.statements.notices import plain, shortened
from ingestion.statements.parts import Row, lot_id
from ingestion.statements.rows import Lot
from warehouse.method import method_variables

ADJUSTING_DIVIDEND = Decimal(str(method_variables()["adjusting_dividend"]))
"""Special dividends per share from which strikes are lowered."""

_NAMES = """
select symbol, current_symbol, valid_from::text, valid_before::text
from ops.symbol_names(clock_timestamp())
order by valid_before
"""
_ACTIONS = """
with known as (
    select distinct on (symbol, ex_date, action) symbol, ex_date, action, value, new_symbol, cash
    from raw.corporate_actions
    where action <> 'rename'
    order by symbol, ex_date, action, load_id desc
)
select * from known where value is not null and symbol = any(%s)
"""
_FURTHER = "select distinct successor from ops.successor_symbols() where symbol = any(%s)"

_PRICE_ROUNDING = Decimal("0.0001")  # of a price with four decimals
_STRIKE_STEP = Decimal("0.01")
_QUANTITY_STEP = Decimal("0.000001")
_ORDER = {
    "special_dividend": 0,
    "dividend": 1,
    "spin_off": 1,
    "split": 2,
}  # of one day; dividends are per share before it


@dataclass(frozen=True)
class Action:
    """One corporate action of a symbol; the fields of raw.corporate_actions."""

    ex_date: date
    action: str
    value: Decimal
    new_symbol: str | None = None
    cash: Decimal | None = None


@dataclass(frozen=True)
class Name:
    """A symbol that a company had from a day on until another; the one that it has now."""

    symbol: str
    current: str
    valid_from: date
    valid_before: date


@dataclass(frozen=True)
class SpunOff:
    """What a share at its entry received on an ex-date: shares of a symbol, as the source calls it."""

    ex_date: date
    symbol: str
    shares: Decimal


@dataclass(frozen=True)
class Became:
    """A lot at a later date, per share at its entry.

    symbol: the current one; of an option the underlying's. ratio: shares. strike_cut: USD off the strike.
    received: (ex-date, USD) of dividends and of cash in mergers. ended_on, end: the day of a merger for cash
    and what it pays. is_other: renamed, merged or with another strike, so that splits alone do not tell.
    spun_off: what it received in spin-offs.
    """

    symbol: str
    ratio: Decimal = Decimal(1)
    strike_cut: Decimal = Decimal(0)
    received: tuple[tuple[date, Decimal], ...] = ()
    ended_on: date | None = None
    end: Decimal = Decimal(0)
    is_other: bool = False
    spun_off: tuple[SpunOff, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether it is the same number of the same shares, at the cost that they had."""
        return self.ratio == 1 and not self.is_other and not self.spun_off


@dataclass(frozen=True)
class Successors:
    """What is known of the actions of some symbols. actions: by current symbol, in order."""

    names: tuple[Name, ...]
    actions: dict[str, list[Action]]

    def current(self, symbol: str, day: date) -> str:
        """The symbol that a company listed as `symbol` on the day has now."""
        return next((name.current for name in self._names.get(symbol, ()) if day < name.valid_before), symbol)

    def listed(self, current: str, day: date) -> str:
        """The symbol under which the company that is now called `current` was listed on the day."""
        found = (
            name.symbol
            for name in self.names
            if name.current == current and name.valid_from <= day < name.valid_before
        )
        return next(found, current)

    def became(self, symbol: str, entry_date: date, until: date) -> Became:
        """What a share or contract on it that was entered on a day is at a later one."""
        at = Became(self.current(symbol, entry_date))
        at = replace(at, is_other=self.listed(at.symbol, until) != symbol)
        since: date | None = entry_date
        while since is not None and at.ended_on is None:
            at, since = self._until_merger(at, since, until)
        return at

    @cached_property
    def _names(self) -> dict[str, list[Name]]:
        names: dict[str, list[Name]] = {}
        for name in self.names:
            names.setdefault(name.symbol, []).append(name)
        return names

    def _until_merger(self, at: Became, since: date, until: date) -> tuple[Became, date | None]:
        """After the actions of its symbol up to the next merger, and the day of that merger."""
        for action in self.actions.get(at.symbol, ()):
            if not since < action.ex_date <= until:
                continue
            if action.action == "split":
                at = replace(at, ratio=at.ratio * action.value)
            elif action.action.endswith("dividend"):
                at = _paid(at, action)
            elif action.action == "spin_off":
                at = _divided(at, action)
            elif action.action == "cash_merger":
                return replace(at, ended_on=action.ex_date, end=at.ratio * action.value, is_other=True), None
            else:
                return self._merged(at, action), action.ex_date
        return at, None

    def _merged(self, at: Became, action: Action) -> Became:
        assert action.new_symbol is not None  # noqa: S101 - such a row is not loaded
        cash = at.ratio * (action.cash or Decimal(0))
        return replace(
            at,
            symbol=self.current(action.new_symbol, action.ex_date),
            ratio=at.ratio * action.value,
            strike_cut=at.strike_cut + cash,
            received=(*at.received, (action.ex_date, cash)),
            is_other=True,
        )


def _divided(at: Became, action: Action) -> Became:
    assert action.new_symbol is not None  # noqa: S101 - such a row is not loaded
    received = SpunOff(action.ex_date, action.new_symbol, at.ratio * action.value)
    return replace(at, spun_off=(*at.spun_off, received))


def _paid(at: Became, action: Action) -> Became:
    amount = at.ratio * action.value
    if action.action == "special_dividend" and action.value >= ADJUSTING_DIVIDEND:
        at = replace(at, strike_cut=at.strike_cut + amount, is_other=True)
    return replace(at, received=(*at.received, (action.ex_date, amount)))


def read_successors(connection: Connection, symbols: Iterable[str]) -> Successors:
    """The names and actions of these symbols, and of what they became."""
    names = tuple(
        Name(symbol, current, _day(first, date.min), _day(before, date.max))
        for symbol, current, first, before in connection.execute(_NAMES)
    )
    asked = set(symbols)
    asked |= {symbol for (symbol,) in connection.execute(_FURTHER, [sorted(asked)])}
    asked |= {name.symbol for name in names}
    found = Successors(names, {})
    known: dict[tuple[str, date, str], Action] = {}
    for symbol, *fields in connection.execute(_ACTIONS, [sorted(asked)]):
        action = Action(*fields)
        known[found.current(symbol, action.ex_date), action.ex_date, action.action] = action
    for (symbol, _, _), action in sorted(
        _counted_once(known).items(), key=lambda item: (item[0][1], _ORDER.get(item[0][2], 3))
    ):
        found.actions.setdefault(symbol, []).append(action)
    return found


def _counted_once(known: dict[tuple[str, date, str], Action]) -> dict[tuple[str, date, str], Action]:
    """Without what a source reports twice: a special dividend that is part of the day's dividends."""
    counted = dict(known)
    for (symbol, day, kind), action in known.items():
        reported = known.get((symbol, day, "dividend"))
        if kind == "special_dividend" and reported is not None and reported.value >= action.value:
            rest = reported.value - action.value
            del counted[symbol, day, "dividend"]
            if rest:
                counted[symbol, day, "dividend"] = replace(reported, value=rest)
    return counted


def _day(text: str, otherwise: date) -> date:
    return otherwise if text.endswith("infinity") else date.fromisoformat(text)


# --- statements ------------------------------------------------------------------------------------------


def listed_as(row: Row, became: Became, successors: Successors, day: date) -> str:
    """The symbol under which a statement of the day lists a known lot."""
    symbol = successors.listed(became.symbol, day)
    if row["strike_price"] is None:
        return symbol
    strike = ((row["strike_price"] - became.strike_cut) / became.ratio).quantize(_STRIKE_STEP)
    if strike <= 0:
        return str(row["symbol"])
    contract = OptionContract(symbol, row["expiration_date"], row["option_type"], strike)
    return build_occ(contract) or str(row["symbol"])


def as_known(
    successors: Successors, lots: Sequence[Lot], known: Sequence[Row], as_of: date
) -> tuple[Lot, ...]:
    """The lots, those that known lots became as these known lots: the same objects where there is none."""
    bought = [row for row in known if row["spun_off_on"] is None]
    exact = {(row["symbol"], row["entry_date"], row["entry_price"]) for row in bought}
    by_day: dict[date, list[Row]] = {}
    for row in bought:
        by_day.setdefault(row["entry_date"], []).append(row)
    received = [row for row in known if row["spun_off_on"] is not None]
    became = [
        lot
        if (lot.symbol, lot.entry_date, lot.entry_price) in exact
        else _as_known(successors, lot, by_day.get(lot.entry_date, []), as_of)
        for lot in lots
    ]
    unknown = [
        lot
        for lot, kept in zip(lots, became, strict=True)
        if lot is kept and (lot.symbol, lot.entry_date, lot.entry_price) not in exact
    ]
    spun_off = _as_received(successors, unknown, received, as_of)
    return tuple(spun_off.get(lot.line, lot) for lot in became)


def successor_notices(lots: Iterable[Lot], kept: Iterable[Lot]) -> list[str]:
    """Notices of the lots that are known under another symbol or strike."""
    return shortened(
        [
            f"Row {lot.line}: {plain(lot.quantity)} {lot.symbol} at {plain(lot.entry_price)} are what became "
            f"of {plain(known.quantity)} {known.symbol} bought at {plain(known.entry_price)}, and kept as "
            "that."
            if known.spun_off_on is None
            else f"Row {lot.line}: {plain(lot.quantity)} {lot.symbol} were received in the spin-off of "
            f"{known.spun_off_on} by shares bought on {known.entry_date}, and keep that date and "
            "their part of that cost."
            for lot, known in zip(lots, kept, strict=True)
            if lot is not known
        ]
    )


def _as_known(successors: Successors, lot: Lot, rows: Sequence[Row], as_of: date) -> Lot:
    day = lot.exit_date or as_of
    symbol = successors.current(traded_symbol(lot), day)
    candidates = []
    for row in rows:
        became = successors.became(traded_symbol_of(row), row["entry_date"], day)
        is_candidate = became.is_other or (became.spun_off and lot.contract is None)
        if is_candidate and became.symbol == symbol and _has_terms(lot, row, became):
            candidates.append((row, became))
    same = [one for one in candidates if _has_price(lot, *one)] or [
        one for one in candidates if _has_quantity(lot, *one)
    ]
    lots = {lot_id(row) for row, _ in candidates}
    if not same and len(lots) == 1 and candidates[0][1].spun_off:
        same = candidates  # the part of the cost that stays is not known here, and a part of the lot was sold
    if not same:
        return lot
    row, became = next((one for one in same if _has_quantity(lot, *one)), same[0])
    quantity = lot.quantity / became.ratio
    if _has_quantity(lot, row, became):
        quantity = row["quantity"]
    contract = lot.contract and replace(
        lot.contract, underlying_symbol=row["underlying_symbol"], strike_price=row["strike_price"]
    )
    return replace(
        lot,
        symbol=row["symbol"],
        contract=contract,
        quantity=quantity.quantize(_QUANTITY_STEP),
        entry_price=row["entry_price"],
    )


def _as_received(
    successors: Successors, lots: Sequence[Lot], received: Sequence[Row], as_of: date
) -> dict[int, Lot]:
    """Those of these lots that were received in a spin-off, as that, by line.

    A statement dates them as the lots that received them, or by the ex-date. What has all shares of one is
    it; else it is a part of the only one of its date that is left.
    """
    found = {lot.line: _received_before(successors, lot, received, as_of) for lot in lots}
    whole: dict[int, tuple[Row, Became]] = {}
    taken: set[str] = set()
    for lot in lots:
        free = [one for one in found[lot.line] if one[0]["position_id"] not in taken]
        match = next((one for one in free if _has_quantity(lot, *one)), None)
        if match is not None:
            whole[lot.line] = match
            taken.add(match[0]["position_id"])
    kept = {
        lot.line: _restated(lot, *whole[lot.line], lot_is_whole=True) for lot in lots if lot.line in whole
    }
    for lot in lots:
        left = [
            (row, became)
            for row, became in found[lot.line]
            if row["position_id"] not in taken and lot.entry_date == row["entry_date"]
        ]
        if lot.line not in whole and len(left) == 1:
            kept[lot.line] = _restated(lot, *left[0], lot_is_whole=False)
    return kept


def _received_before(
    successors: Successors, lot: Lot, received: Sequence[Row], as_of: date
) -> list[tuple[Row, Became]]:
    """The known lots from spin-offs whose symbol, side and date the lot has."""
    day = lot.exit_date or as_of
    symbol = successors.current(lot.symbol, day)
    found = []
    for row in received:
        became = successors.became(row["symbol"], row["entry_date"], day)
        is_dated = lot.entry_date in {row["entry_date"], row["spun_off_on"]}
        if (
            lot.contract is None
            and is_dated
            and became.symbol == symbol
            and row["quantity"] * lot.quantity > 0
        ):
            found.append((row, became))
    return found


def _restated(lot: Lot, row: Row, became: Became, *, lot_is_whole: bool) -> Lot:
    return replace(
        lot,
        symbol=row["symbol"],
        quantity=row["quantity"] if lot_is_whole else (lot.quantity / became.ratio).quantize(_QUANTITY_STEP),
        entry_date=row["entry_date"],
        entry_price=row["entry_price"],
        spun_off_on=row["spun_off_on"],
    )


def _has_terms(lot: Lot, row: Row, became: Became) -> bool:
    if lot.contract is None or row["strike_price"] is None:
        return lot.contract is None and row["strike_price"] is None
    terms = (lot.contract.expiration_date, lot.contract.option_type)
    strike = lot.contract.strike_price * became.ratio + became.strike_cut
    rounding = _STRIKE_STEP / 2 * max(became.ratio, Decimal(1))
    return (
        terms == (row["expiration_date"], row["option_type"])
        and abs(strike - row["strike_price"]) <= rounding
    )


def _has_price(lot: Lot, row: Row, became: Became) -> bool:
    rounding = _PRICE_ROUNDING * max(became.ratio, Decimal(1))
    return bool(abs(lot.entry_price * became.ratio - row["entry_price"]) <= rounding)


def _has_quantity(lot: Lot, row: Row, became: Became) -> bool:
    """Whether it is all of the lot: fractions of a share are paid out."""
    return bool(abs(lot.quantity - row["quantity"] * became.ratio) < 1)
