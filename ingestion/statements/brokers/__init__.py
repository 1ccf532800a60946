"""Position downloads of brokers, read as they are downloaded: title lines, totals, disclaimers and all.

recognize(text)   which broker's download a text is, and what it says; None for anything else
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
    """What a broker's download says, or None if the text is no broker's download."""
    lines = read_lines(text)
    for read in _READERS:
        export = read(lines)
        if export is not None:
            return export
    return None
