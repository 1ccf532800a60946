"""Arguments of tools: checked strictly, and described as the Responses API wants strict functions."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from api.chat.tools.answers import ToolCallError

MOST_LEVELS: Final = 20
"""Nested objects and lists of arguments; those of our tools have one."""

_NOT_IN_SCHEMAS = {"title", "default", "maxLength", "minLength", "minimum", "maximum"}


class Arguments(BaseModel):
    """Base of all arguments: every property is required, others are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


AnyArguments = TypeVar("AnyArguments", bound=Arguments)


@dataclass(frozen=True)
class OneOf:
    """Annotation of a text that must be one of these."""

    values: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check it as a literal."""
        return core_schema.literal_schema(list(self.values))


def in_utc(instant: datetime) -> datetime:
    """The instant, in UTC if it names no zone."""
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def parse_arguments(model: type[AnyArguments], text: str) -> AnyArguments:
    """Check the arguments that a model wrote as JSON. Raises ToolCallError, which names each mistake."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        mistakes = [
            f"{'.'.join(str(part) for part in mistake['loc']) or 'arguments'}: {mistake['msg']}"
            for mistake in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise ToolCallError(f"The arguments are not valid. {'; '.join(mistakes)}.") from error


def read_arguments(text: str) -> dict[str, Any]:
    """The arguments as an object, for the record and the events; if they are none, the text as it came.

    What a model may write but JSON does not have (NaN, infinities) or what is nested too deeply is none.
    """
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        return {"text": text}
    return value if isinstance(value, dict) and _has_levels(value, MOST_LEVELS) else {"text": text}


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


def _has_levels(value: Any, most: int) -> bool:
    """Whether objects and lists are nested in at most so many levels."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return parts is None or (most > 0 and all(_has_levels(part, most - 1) for part in parts))


def strict_schema(model: type[Arguments]) -> dict[str, Any]:
    """The JSON Schema of the arguments: all properties required, none besides them."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})
    schema["required"] = list(schema.get("properties", {}))
    schema.setdefault("properties", {})
    stripped: dict[str, Any] = _without_annotations(_in_place(schema, parts))
    stripped.pop("description", None)
    return stripped


def _in_place(schema: Any, parts: dict[str, Any]) -> Any:
    """The schema with each part that it refers to in the place of the reference."""
    if isinstance(schema, list):
        return [_in_place(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        part = parts[schema["$ref"].rpartition("/")[2]]
        return _in_place({key: value for key, value in part.items() if key != "description"}, parts)
    return {key: _in_place(value, parts) for key, value in schema.items()}


def _without_annotations(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_annotations(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _without_annotations(item) for name, item in value.items()}
        if key == "properties"
        else _without_annotations(value)
        for key, value in schema.items()
        if key not in _NOT_IN_SCHEMAS
    }
