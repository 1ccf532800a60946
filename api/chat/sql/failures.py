"""What the model and the user read when the database reports an error: our sentence, never the server's text.

A name is shown only if the statement itself contains it, so that no message tells what the user may not see.
"""

import re
from collections.abc import Iterable
from typing import Final

import psycopg

from api.chat.sql.errors import StatementFailed
from api.chat.sql.guard import nearest

SENTENCES: Final = {
    "42P01": ("unknown_relation", "The statement reads a mart that does not exist: see `describe`."),
    "42703": ("unknown_column", "The statement uses a column that does not exist: see `describe`."),
    "42702": ("ambiguous_column", "A column name is in more than one mart: write alias.column."),
    "42P09": ("ambiguous_name", "A name is ambiguous: write alias.column."),
    "42725": ("unknown_function", "A function fits more than one way: cast its arguments."),
    "42883": (
        "unknown_function",
        "There is no such function or operator for these types: see `describe`, and add casts.",
    ),
    "42803": ("grouping", "A selected column is neither grouped nor aggregated: add it to GROUP BY."),
    "42P20": ("window", "A window function stands where none is allowed: compute it in a CTE first."),
    "42601": ("syntax", "PostgreSQL's grammar does not accept the statement."),
    "42712": ("duplicate_alias", "Two marts have the same alias: give each its own."),
    "42701": ("duplicate_column", "A column is named twice: give each its own name."),
    "42P10": ("bad_reference", "ORDER BY, GROUP BY or DISTINCT ON names an expression that is not selected."),
    "42804": ("types", "Two values have types that do not fit together: add a cast."),
    "42846": ("types", "A value cannot be cast to this type."),
    "42P18": ("types", "The type of a value cannot be determined: add a cast."),
    "42704": ("unknown_object", "The statement names an object or a setting that does not exist."),
    "42501": ("not_permitted", "The statement asks for something that is not readable: use the marts."),
    "21000": (
        "many_rows",
        "A sub-select that must give one value gives several rows: add a condition or a limit 1.",
    ),
    "22012": ("division_by_zero", "The statement divides by zero: write nullif(divisor, 0)."),
    "22003": (
        "out_of_range",
        "A number is out of the range of its type: cast to numeric or double precision.",
    ),
    "22008": ("out_of_range", "A date or time is out of range."),
    "22007": ("bad_value", "A text is not a valid date or time: write '2025-09-12'."),
    "22P02": ("bad_value", "A text is not a valid value of the type it is cast to or compared with."),
    "2201E": ("bad_value", "A logarithm needs a positive number."),
    "2201F": ("bad_value", "A power or root is not defined for this number."),
    "22023": ("bad_value", "An argument of a function is not valid."),
    "2201B": ("bad_value", "A regular expression is not valid."),
    "2201W": ("bad_value", "LIMIT must not be negative."),
    "2201X": ("bad_value", "OFFSET must not be negative."),
    "25006": ("read_only", "The statement would write; only reading is allowed."),
    "53400": (
        "too_large",
        "The statement needs more temporary space than allowed: filter or aggregate earlier.",
    ),
    "53200": ("too_large", "The statement needs more memory than allowed: filter or aggregate earlier."),
    "54000": ("too_large", "A row of the result is too large: select fewer or shorter values."),
    "54001": ("too_complex", "The statement is too complex: write a simpler one."),
    "55P03": ("busy", "The marts are being rebuilt at this moment: run the statement again."),
    "40001": ("busy", "The marts changed while the statement ran: run it again."),
}

CLASSES: Final = {
    "22": ("bad_value", "A value is not valid for the operation: check the types, and add casts or nullif."),
    "42": ("not_valid", "The statement is not valid: check names and types with `describe`."),
    "53": ("too_large", "The server lacks the resources for this statement: filter or aggregate earlier."),
    "54": ("too_large", "The statement exceeds a limit of the server: write a simpler one."),
}

OTHERWISE: Final = ("failed", "The statement could not be run: write it in another way.")

CANCELED: Final = "57014"

NAMED: Final = {
    "42703": re.compile(r'column (?:"(?P<name>[^"]+)"|(?P<bare>[\w.]+)) does not exist'),
    "42P01": re.compile(r'(?:entry for table|relation) "(?P<name>[^"]+)"'),
    "42702": re.compile(r'column reference "(?P<name>[^"]+)" is ambiguous'),
    "42803": re.compile(r'column "(?P<name>[^"]+)" must appear in the GROUP BY clause'),
    "42883": re.compile(r"function (?P<bare>[\w.]+)\("),
    "42712": re.compile(r'table name "(?P<name>[^"]+)" specified more than once'),
}

NAMING: Final = {
    "42703": "There is no column {name}",
    "42P01": "The statement names {name}, which is no mart or alias of its FROM",
    "42702": "The column {name} is in more than one mart: write alias.column",
    "42803": "The column {name} is neither grouped nor aggregated: add it to GROUP BY",
    "42883": "There is no function {name} for these types: check the types in `describe`, and add casts",
    "42712": "The alias {name} is named twice in FROM: give each its own alias",
}


def is_of_the_server(error: psycopg.Error) -> bool:
    """Whether the connection or the server failed, not the statement."""
    state = error.sqlstate or ""
    return not state or state.startswith(("08", "57P", "XX")) or state == "53300"


def failure(error: psycopg.Error, statement: str, columns: Iterable[str], seconds: float) -> StatementFailed:
    """Return the failure to raise. columns: of the marts that the statement reads."""
    state = error.sqlstate or ""
    if state == CANCELED:
        return StatementFailed(
            "timed_out",
            f"The statement ran longer than {seconds:g} seconds and was stopped: "
            "filter by portfolio_id and as_of_date, or aggregate less.",
        )
    code, sentence = SENTENCES.get(state) or CLASSES.get(state[:2], OTHERWISE)
    name = _name(error, state, statement)
    if name is not None:
        sentence = _naming(state, name, frozenset(columns))
    return StatementFailed(code, sentence)


def _name(error: psycopg.Error, state: str, statement: str) -> str | None:
    """Return the name in the server's message, if the statement contains it too."""
    pattern = NAMED.get(state)
    found = pattern.search(error.diag.message_primary or "") if pattern else None
    if found is None:
        return None
    name = next(text for text in found.groups() if text is not None)
    last = name.rpartition(".")[2]
    return name if re.search(rf"(?<!\w){re.escape(last)}(?!\w)", statement, re.IGNORECASE) else None


def _naming(state: str, name: str, columns: frozenset[str]) -> str:
    sentence = NAMING[state].format(name=name)
    if state != "42703":
        return f"{sentence}."
    near = nearest(name.rpartition(".")[2], columns)
    return f"{sentence}: did you mean {near}?" if near else f"{sentence}: see `describe` for the columns."
