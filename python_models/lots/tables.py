"""Lots and disposals of all portfolios as frames: their relief under every method, and what is left open."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd

from python_models.lots.relief import (
    DEFAULT_METHOD,
    METHODS,
    Disposal,
    Lot,
    OpenLot,
    average,
    method_on,
    relieve,
)
from python_models.lots.wash_sales import WashedPiece, washed

OWN = "portfolio"  # the method of each portfolio, as it changes over time
COLUMNS = (
    *("portfolio_id", "symbol", "is_short", "method", "lot_method", "disposal_id", "lot_id", "part"),
    *("units", "opening", "closing", "wash_disallowed", "basis_adjustment", "tacked_days"),
)

_INSTRUMENT = ["portfolio_id", "symbol", "is_short"]

Methods = Mapping[date, str] | str
Values = tuple[Any, ...]


def lot_relief(lots: pd.DataFrame, disposals: pd.DataFrame, methods: pd.DataFrame) -> pd.DataFrame:
    """The pieces of all disposals, and the open lots (without a disposal_id), under every method and OWN.

    lots: portfolio_id, symbol, is_short, lot_id, acquired_on, is_dated, units, opening, price. disposals: the
    same instrument, disposal_id, disposed_on, units, closing, lot_id, is_transfer. units and cents are
    integers as text.
    methods: portfolio_id, effective_date, lot_method (None: the default). part: numbers the pieces of a lot
    that a disposal relieves, which differ in their wash sales.
    """
    own = _own_methods(methods)
    sold = {key: _disposals(of) for key, of in disposals.groupby(_INSTRUMENT, sort=False)}
    rows: list[Values] = []
    for key, of in lots.groupby(_INSTRUMENT, sort=True):
        portfolio = str(key[0])
        paths: dict[str, Methods] = {name: name for name in METHODS}
        paths[OWN] = own.get(portfolio, DEFAULT_METHOD)
        held, known = read_lots(of), sold.get(key, [])
        for name, method in paths.items():
            rows += ((*key, name, *values) for values in _path(held, known, method, is_short=bool(key[2])))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _own_methods(methods: pd.DataFrame) -> dict[str, Methods]:
    own: dict[str, dict[date, str]] = {}
    for portfolio, day, method in zip(
        methods["portfolio_id"], methods["effective_date"].dt.date, methods["lot_method"], strict=True
    ):
        own.setdefault(portfolio, {})[day] = method if isinstance(method, str) else DEFAULT_METHOD
    return {**own}


def read_lots(frame: pd.DataFrame) -> list[Lot]:
    """The lots of a frame with the columns of lot_relief."""
    names = ("lot_id", "units", "opening", "price", "is_dated")
    days = frame["acquired_on"].dt.date
    return [
        Lot(key, day, int(units), int(opening), Fraction(price), bool(is_dated))
        for day, key, units, opening, price, is_dated in zip(
            days, *(frame[name] for name in names), strict=True
        )
    ]


def _disposals(frame: pd.DataFrame) -> list[Disposal]:
    names = ("disposal_id", "units", "closing", "lot_id", "is_transfer")
    days = frame["disposed_on"].dt.date
    return [
        Disposal(key, day, int(units), int(closing), lot if isinstance(lot, str) else None, bool(is_transfer))
        for day, key, units, closing, lot, is_transfer in zip(
            days, *(frame[name] for name in names), strict=True
        )
    ]


def row_values(frame: pd.DataFrame, names: Iterable[str]) -> Iterator[Values]:
    """The values of these columns, row by row."""
    return zip(*(frame[name] for name in names), strict=True)


def _path(lots: list[Lot], disposals: list[Disposal], method: Methods, *, is_short: bool) -> Iterator[Values]:
    """The rows of an instrument under one method, without the instrument and the method's name."""
    pieces, left = relieve(lots, disposals, method, is_short=is_short)
    now = method_on(method, date.max)
    if now == "average":
        average(left)
    sold, adjusted = washed(lots, pieces, is_short=is_short)
    parts: dict[tuple[str, str], int] = {}
    for one in sold:
        key = (one.piece.disposal.disposal_id, one.piece.lot.lot_id)
        parts[key] = parts.get(key, 0) + 1
        yield _sold_row(one, parts[key])
    for lot in left:
        yield _open_row(lot, now, adjusted.get(lot.lot.lot_id, 0))


def _sold_row(one: WashedPiece, part: int) -> Values:
    piece = one.piece
    amounts = (piece.units, piece.opening, piece.closing, one.disallowed, one.adjustment)
    return (
        piece.method,
        piece.disposal.disposal_id,
        piece.lot.lot_id,
        part,
        *map(str, amounts),
        one.tacked_days,
    )


def _open_row(left: OpenLot, method: str, adjustment: int) -> Values:
    return method, None, left.lot.lot_id, 1, str(left.units), str(left.opening), None, "0", str(adjustment), 0
