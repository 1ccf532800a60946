"""The statements of the search, one per file. Parameters are %(name)s."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def statement(name: str) -> str:
    """Read the statement of `name`.sql. Raises FileNotFoundError for an unknown name."""
    return (FOLDER / f"{name}.sql").read_text("utf-8")
