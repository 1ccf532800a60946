"""Read brokers' position downloads unedited, with their title lines, totals and disclaimers.

recognize(text)   the parsed download of any supported broker; None for anything else
"""

from collections.abc import Callable, Sequence

from ingestion.statements.brokers import fidelity, interactive_brokers, schwab, vanguard
from ingestion.statements.brokers.export import Export
from ingestion.statements.brokers.table import Line, read_lines

_READERS: tuple[Callable[[Sequence[Line]], Export | None], ...] = (
    fidelity.read,
    schwab.read,
    vanguard.read,
    interactive_brokers.read_activity,
    interactive_brokers.read_flex,
)


def recognize(text: str) -> Export | None:
    """The parsed download, or None if the text is not a broker's download."""
    lines = read_lines(text)
    for read in _READERS:
        export = read(lines)
        if export is not None:
            return export
    return None
