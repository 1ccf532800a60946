"""The JSON objects of the protocol, read by field: what a server left out is None."""

from collections.abc import Mapping
from typing import Any


class Fields:
    """An object, whose fields are attributes."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        return as_fields(self._values.get(name))

    def __str__(self) -> str:
        return str(self._values)


def as_fields(value: Any) -> Any:
    """The value, with objects as Fields, also in lists."""
    if isinstance(value, dict):
        return Fields(value)
    if isinstance(value, list):
        return [as_fields(item) for item in value]
    return value
