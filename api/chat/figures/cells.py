"""The numeric cells of results, found by the rounded value that a text shows."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from itertools import chain
from json import JSONDecodeError, loads
from math import nan
from types import NoneType
from typing import Any

import numpy as np

from api.chat.figures.directions import names_a_loss
from api.chat.figures.numbers import Number
from api.chat.results import QueryResult

_CONTEXT = Context(prec=400)
_NUMERIC_TEXT = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_NOT_RATIO = re.compile(r"(?:^|_)(?:count|usd|days|sessions|year|month|number|quantity|shares|observations)$")
_NOT_MONEY = re.compile(r"(?:^|_)(?:count|days|sessions|year|month|number|observations)$")
_SLACK = 1e-9


@dataclass(frozen=True)
class FoundCell:
    """Where a number was found: result, row (from 0) and column; of a JSON text, the path inside it."""

    result: QueryResult
    row: int
    column: str


class Cells:
    """The numeric cells of results, the last result first."""

    def __init__(self, results: Sequence[QueryResult]) -> None:
        self._blocks = [_block_of(result) for result in reversed(results)]
        self._starts = np.cumsum([0, *(len(block.values) for block in self._blocks)])
        values = [block.approximations for block in self._blocks]
        flat = np.concatenate(values) if values else np.empty(0)
        numeric = np.flatnonzero(np.isfinite(flat))
        self._order = numeric[np.argsort(flat[numeric])]
        self._sorted = flat[self._order]
        self._found: dict[tuple[Any, ...], FoundCell | None] = {}

    @property
    def texts(self) -> set[str]:
        """The texts that the results hold."""
        return set().union(*(block.texts for block in self._blocks))

    def find(self, number: Number) -> FoundCell | None:
        """The cell that equals the number at its shown rounding; of several, one of the last result."""
        key = (number.value, number.step, number.scales, number.signs, number.has_currency, number.unit)
        if key not in self._found:
            self._found[key] = self._search(number)
        return self._found[key]

    def _search(self, number: Number) -> FoundCell | None:
        for scale in number.scales:
            for place in self._candidates(number, scale):
                block, index = self._at(int(place))
                value = block.values[index]
                if not _equals(value, number, scale):
                    continue
                row, column = block.position(index)
                if _has_the_unit(column, number, scale) and _has_the_sign(value, number, block, row, column):
                    return FoundCell(block.result, row, column)
        return None

    def _candidates(self, number: Number, scale: Decimal) -> Sequence[int]:
        """Places of cells near the number, in order; the exact comparison follows."""
        magnitudes = {number.value, -number.value} if number.signs != "written" else {number.value}
        half = number.step / 2
        places: list[int] = []
        for value in magnitudes:
            low, high = float((value - half) / scale), float((value + half) / scale)
            slack = _SLACK * max(abs(low), abs(high))
            first = np.searchsorted(self._sorted, low - slack, "left")
            last = np.searchsorted(self._sorted, high + slack, "right")
            places.extend(self._order[first:last].tolist())
        return sorted(places)

    def _at(self, place: int) -> tuple["_Block", int]:
        number = int(np.searchsorted(self._starts, place, "right")) - 1
        return self._blocks[number], place - int(self._starts[number])


@dataclass(frozen=True)
class _Block:
    """The cells of one result. paths: of the cells of a JSON text; otherwise they stand column by column."""

    result: QueryResult
    values: Sequence[Any]
    approximations: Any
    texts: set[str]
    paths: Sequence[tuple[int, str]] | None

    def position(self, index: int) -> tuple[int, str]:
        if self.paths is not None:
            return self.paths[index]
        column, row = divmod(index, self.result.row_count)
        return row, self.result.columns[column]


def _block_of(result: QueryResult) -> _Block:
    columns = list(zip(*result.rows, strict=True))
    texts = _texts_of(columns)
    paths = None
    if any(text.startswith(("{", "[")) for text in texts):
        leaves = list(_leaves_of(result))
        paths = [(row, path) for row, path, _ in leaves]
        columns = [tuple(leaf for _, _, leaf in leaves)]
        texts = _texts_of(columns)
    numeric_texts = {text: float(text) for text in texts if _NUMERIC_TEXT.fullmatch(text)}
    approximations = [_approximations(column, numeric_texts) for column in columns]
    flat = np.concatenate(approximations) if approximations else np.empty(0)
    return _Block(result, list(chain.from_iterable(columns)), flat, texts, paths)


def _texts_of(columns: Iterable[Sequence[Any]]) -> set[str]:
    """The distinct texts; a column of amounts alone, the usual case, is passed over quickly."""
    mixed = (column for column in columns if set(map(type, column)) - {Decimal, int, NoneType})
    return {cell for column in mixed for cell in set(column) if cell.__class__ is str}


def _leaves_of(result: QueryResult) -> Iterator[tuple[int, str, Any]]:
    for row, cells in enumerate(result.rows):
        for column, cell in zip(result.columns, cells, strict=True):
            yield from ((row, path, leaf) for path, leaf in _leaves(column, _decoded(cell)))


def _leaves(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    """The leaves below a node of a JSON text, with their paths: body.positions[3].weight."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(f"{path}.{key}", value)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _leaves(f"{path}[{index}]", value)
    else:
        yield path, node


def _decoded(cell: Any) -> Any:
    if cell.__class__ is str and cell[:1] in ("{", "["):
        try:
            return loads(cell, parse_float=Decimal)
        except (JSONDecodeError, RecursionError):
            return cell
    return cell


def _approximations(column: Sequence[Any], numeric_texts: Mapping[str, float]) -> Any:
    """The cells as floats, to find them by; nan where they are no numbers."""
    kinds = set(map(type, column))
    if kinds == {Decimal}:
        return np.fromiter(map(float, column), float, len(column))
    if kinds == {str} and not numeric_texts:
        return np.full(len(column), nan)
    return np.array([_approximation(cell, numeric_texts) for cell in column])


def _approximation(cell: Any, numeric_texts: Mapping[str, float]) -> float:
    kind = cell.__class__
    if kind is str:
        return numeric_texts.get(cell, nan)
    if kind is Decimal:
        return float(cell)
    return _float_of_int(cell) if kind is int else nan


def _float_of_int(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return nan


def _equals(cell: Any, number: Number, scale: Decimal) -> bool:
    """Whether the cell is the number at its shown rounding, half up or half to even."""
    try:
        exact = _CONTEXT.multiply(Decimal(cell), scale)
        rounded = {
            exact.quantize(number.step, rounding, _CONTEXT) for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN)
        }
    except InvalidOperation:
        return False
    if number.signs == "written":
        return number.value in rounded
    return abs(number.value) in {abs(value) for value in rounded}


def _has_the_unit(column: str, number: Number, scale: Decimal) -> bool:
    """Whether the column's name does not contradict the unit: no count is a percentage or an amount."""
    if number.has_currency:
        return _NOT_MONEY.search(column) is None
    if number.unit in {"percent", "basis points"} and scale == 1:
        return _NOT_RATIO.search(column) is None
    return True


def _has_the_sign(cell: Any, number: Number, block: _Block, row: int, column: str) -> bool:
    """Whether "lost 5" is negative, or stands where losses are written as positive numbers."""
    if number.signs != "lost" or Decimal(cell) <= 0 or names_a_loss(column):
        return True
    if block.paths is not None:
        return False
    return any(names_a_loss(text) for text in block.result.rows[row] if isinstance(text, str))
