"""How values are kept as JSON: numbers as text with their type, so that every digit survives.

Text, booleans and null stand for themselves. Any other value is an object of one member that names its type:
{"decimal": "1.50"}, {"integer": "5"}, {"double": "0.1"}, {"date": ...}, {"instant": ...}, {"uuid": ...}.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

_WRITERS: tuple[tuple[type, str, Callable[[Any], str]], ...] = (
    (int, "integer", str),
    (Decimal, "decimal", str),
    (float, "double", repr),
    (datetime, "instant", datetime.isoformat),  # before date: every datetime is one
    (date, "date", date.isoformat),
    (UUID, "uuid", str),
)
_READERS: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "decimal": Decimal,
    "double": float,
    "instant": datetime.fromisoformat,
    "date": date.fromisoformat,
    "uuid": UUID,
}


def encode(value: Any) -> Any:
    """Return the value as JSON. Raises TypeError for a type that is not listed above."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {"object": {storable(str(key)): encode(item) for key, item in value.items()}}
    for kind, name, write in _WRITERS:
        if isinstance(value, kind):
            return {name: write(value)}
    raise TypeError(f"A value of type {type(value).__name__} cannot be kept in the chat's database.")


def decode(value: Any) -> Any:
    """Return the value that encode() wrote; lists come back as lists."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((name, content),) = value.items()
    if name == "object":
        return {key: decode(item) for key, item in content.items()}
    return _READERS[name](content)


def storable(text: str) -> str:
    """Replace what PostgreSQL cannot store as text: NUL and lone surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def storable_json(value: Any) -> Any:
    """Do the same in every text of a JSON value."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list | tuple):
        return [storable_json(item) for item in value]
    if isinstance(value, Mapping):
        return {storable(str(key)): storable_json(item) for key, item in value.items()}
    return value
