"""The decimal mark of a download: one for the whole file, and asked for where it is not certain."""

from ingestion.errors import PositionsFileError
from ingestion.files.numbers import plain_number, possible_marks
from ingestion.statements.brokers.table import Line
from ingestion.statements.formats import FileFormats


def with_points(lines: list[Line], formats: FileFormats, *, may_ask: bool) -> list[Line] | PositionsFileError:
    """The lines with every number written with a decimal point, or the question to the user.

    `lines` itself if no number has to be written otherwise.

    may_ask: whether the broker may write decimal commas; otherwise it writes points unless the user says so.
    """
    mark = formats.decimal
    if mark is None and may_ask:
        cells = [cell for line in lines for cell in line.cells if _has_mark(cell)]
        possible, differs = possible_marks(cells)
        if len(possible) != 1 and differs is not None:
            sentence = (
                f"The download's numbers can be read in two ways: {differs} is "
                f"{plain_number(differs, 'point')} or {plain_number(differs, 'comma')}. Say which with "
                "--decimal point or --decimal comma."
            )
            line = next(line.number for line in lines if differs in line.cells)
            return PositionsFileError("ERR_POS_005", line, "Quantity", differs, sentence)
        mark = possible[0] if len(possible) == 1 else "point"
    if mark != "comma":
        return lines
    return [Line(line.number, [plain_number(cell, "comma") or cell for cell in line.cells]) for line in lines]


def _has_mark(cell: str) -> bool:
    return ("," in cell or "." in cell) and any(map(str.isdigit, cell))
