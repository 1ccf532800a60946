"""Read brokers' position downloads unedited, with their title lines, totals and disclaimers.

recognize(text)   the parsed download of any supported broker; None for anything else
BROKERS           their names
"""

import csv
from collections.abc import Callable, Sequence

from ingestion.statements.brokers import (
    degiro,
    etrade,
    fidelity,
    interactive_brokers,
    merrill,
    morgan_stanley,
    robinhood,
    schwab,
    trading_212,
    vanguard,
)
from ingestion.statements.brokers.export import Export
from ingestion.statements.brokers.marks import with_points
from ingestion.statements.brokers.table import Line, header_names, read_lines
from ingestion.statements.formats import FileFormats

BROKERS = (
    *("Degiro", "E*Trade", "Fidelity", "Interactive Brokers", "Merrill"),
    *("Morgan Stanley", "Robinhood", "Schwab", "Trading 212", "Vanguard"),
)

_READERS: tuple[Callable[[Sequence[Line]], Export | None], ...] = (
    fidelity.read,
    schwab.read,
    vanguard.read,
    interactive_brokers.read_activity,
    interactive_brokers.read_flex,
    etrade.read,
    merrill.read,
    merrill.read_page,
    morgan_stanley.read,
    robinhood.read,
    trading_212.read,
    degiro.read,
)
_DELIMITERS = (",", ";", "\t")
_FIRST_LINES = 20  # in which a list of transactions names its columns
_TRANSACTIONS = {
    "Robinhood": {"activity date", "process date", "settle date", "trans code"},
    "Trading 212": {"action", "time", "isin", "ticker", "no. of shares"},
    "E*Trade": {"activity/trade date", "activity type"},
    "Merrill": {"trade date", "settlement date", "pending/settled"},
    "Fidelity": {"run date", "action", "symbol"},
    "Vanguard": {"trade date", "settlement date", "transaction type"},
}


def recognize(text: str, formats: FileFormats) -> Export | None:
    """The parsed download, or None if the text is not a broker's download. Raises csv.Error if it is not CSV.

    formats: what the user says of its numbers.
    """
    for delimiter in _DELIMITERS:
        if delimiter not in text:
            continue
        lines = read_lines(text, delimiter)
        export = _export(lines)
        if export is None:
            continue
        pointed = with_points(lines, formats, may_ask=delimiter != "," or any(map(degiro.is_header, lines)))
        if not isinstance(pointed, list):
            return Export(export.broker, None, (), errors=(pointed,))
        return export if pointed is lines else _export(pointed)
    return None


def transactions_of(text: str) -> str | None:
    """The broker whose list of transactions the text is, or None."""
    for delimiter in _DELIMITERS:
        try:
            lines = read_lines(text, delimiter)
        except csv.Error:
            continue
        headers = [set(header_names(line.cells)) for line in lines[:_FIRST_LINES]]
        found = [name for name, columns in _TRANSACTIONS.items() if any(columns <= one for one in headers)]
        if found:
            return found[0]
    return None


def _export(lines: Sequence[Line]) -> Export | None:
    return next((export for read in _READERS if (export := read(lines)) is not None), None)
