"""The OpenAPI document against contract.py: missing fields and fields of another type fail."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.app import create_app
from tests.api.contract import CONTRACT
from warehouse.settings import Settings

PREFIX = "/api/v1"
DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()

TYPES = {
    "number": {"number", "integer"},
    "int": {"integer"},
    "bool": {"boolean"},
    **{kind: {"string"} for kind in ("text", "date", "instant", "uuid", "decimal")},
}
FORMATS = {"date": {"date"}, "instant": {"date-time"}, "uuid": {"uuid"}}

TOKEN = re.compile(r"\s*([a-z_0-9]*)(:[a-z]+)?(\??)([\[{<]?)")


class Shape:
    """A shape of the contract. kind: object, array, map, or the name of a type."""

    def __init__(
        self, kind: str, *, is_nullable: bool = False, fields: "dict[str, Shape] | None" = None
    ) -> None:
        self.kind = kind
        self.is_nullable = is_nullable
        self.fields = fields or {}


def read_shape(text: str) -> Shape:
    """Parse the notation of contract.py. Raises ValueError for invalid notation."""
    if re.fullmatch(r"\s*any\s*", text):
        return Shape("any")
    shape, rest = _read_value(text.strip())
    if rest.strip():
        raise ValueError(rest)
    return shape


def _read_value(text: str) -> tuple[Shape, str]:
    """Parse a bracket and its content, or `:type`."""
    text = text.lstrip()
    if not text or text[0] not in "[{<":
        found = re.match(r":([a-z]+)(\??)", text)
        if not found:
            raise ValueError(text)
        return Shape(found[1], is_nullable=bool(found[2])), text[found.end() :]
    closing = {"[": "]", "{": "}", "<": ">"}[text[0]]
    if text[0] == "{":
        return _read_fields(text[1:])
    item, rest = _read_value(text[1:])
    if not rest.lstrip().startswith(closing):
        raise ValueError(rest)
    return Shape("array" if text[0] == "[" else "map", fields={"*": item}), rest.lstrip()[1:]


def _read_fields(text: str) -> tuple[Shape, str]:
    fields: dict[str, Shape] = {}
    while not text.lstrip().startswith("}"):
        found = TOKEN.match(text)
        if not found or not found[1]:
            raise ValueError(text)
        if found[4]:
            fields[found[1]], text = _read_value(text[found.start(4) :])
        else:
            kind = (found[2] or ":number")[1:]
            fields[found[1]] = Shape(kind, is_nullable=bool(found[3]))
            text = text[found.end() :]
    return Shape("object", fields=fields), text.lstrip()[1:]


def departures(shape: Shape, schema: dict[str, Any], where: str) -> Iterator[str]:
    """List where a schema of the document differs from a shape of the contract."""
    options = [option for option in _options(schema) if option.get("type") != "null"]
    if shape.kind == "any":
        return
    if shape.kind in {"object", "array", "map"}:
        yield from _within(shape, options, where)
        return
    wrong = [option for option in options if option.get("type") not in TYPES[shape.kind]]
    if wrong or not options:
        yield f"{where} is {shape.kind} in the contract, and {wrong} in the document"
    formats = FORMATS.get(shape.kind)
    if formats and not wrong and {option.get("format") for option in options} - formats:
        yield f"{where} is {shape.kind} in the contract, and other text in the document"


def _within(shape: Shape, options: list[dict[str, Any]], where: str) -> Iterator[str]:
    if len(options) != 1:
        yield f"{where} is one {shape.kind} in the contract"
        return
    (schema,) = options
    if shape.kind == "object":
        properties = schema.get("properties", {})
        for name, field in shape.fields.items():
            if name not in properties:
                yield f"{where}.{name} is missing"
            else:
                yield from departures(field, properties[name], f"{where}.{name}")
        return
    inner = schema.get("items" if shape.kind == "array" else "additionalProperties")
    if not isinstance(inner, dict):
        yield f"{where} is an {shape.kind} in the contract"
        return
    yield from departures(shape.fields["*"], inner, f"{where}[]")


def _options(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """List the schemas that a value may have, with references resolved."""
    if "$ref" in schema:
        return _options(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return [option for part in schema["anyOf"] for option in _options(part)]
    if isinstance(schema.get("type"), str):
        return [schema]
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return [{"type": "string" if all(isinstance(value, str) for value in values) else "other"}]
    return [schema]


def _nameless(path: str) -> str:
    return re.sub(r"{[a-z_]+}", "{}", path)


OPERATIONS = {
    f"{method.upper()} {_nameless(path.removeprefix(PREFIX))}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


@pytest.mark.parametrize("path", CONTRACT)
def test_a_path_of_the_contract_exists_with_its_fields(path: str) -> None:
    operation = OPERATIONS.get(_nameless(path))
    assert operation is not None, f"{path} is not in the document"
    if not CONTRACT[path]:  # no body, or a file
        return
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    found = list(departures(read_shape(CONTRACT[path]), schema, path))
    assert not found, "\n".join(found)


def test_every_portfolio_path_takes_a_date_and_an_instant() -> None:
    for path, operation in OPERATIONS.items():
        if "ETag" in operation["responses"].get("200", {}).get("headers", {}):
            names = {parameter["name"] for parameter in operation["parameters"]}
            assert {"as_of_date", "published_at"} <= names, path


def test_every_shape_of_the_contract_can_be_parsed() -> None:
    shapes = {path: read_shape(text) for path, text in CONTRACT.items() if text}
    named = [field for shape in shapes.values() for field in shape.fields]
    assert len(named) > 200


@pytest.mark.parametrize(
    ("contract", "complaint"),
    [
        ("{id:uuid}", None),
        ("{id:text}", None),
        ("{email:text id:int}", "is int in the contract"),
        ("{created_at:date}", "is date in the contract"),
        ("{nickname:text}", ".nickname is missing"),
        ("{id:uuid?}", None),
        ("{portfolio_id:uuid?}", None),
        ("{portfolio_count:decimal}", "is decimal in the contract"),
        ("[{id:uuid}]", "is an array in the contract"),
    ],
)
def test_a_departure_from_the_contract_is_found(contract: str, complaint: str | None) -> None:
    schema = {"$ref": "#/components/schemas/Me"}
    found = list(departures(read_shape(contract), schema, "me"))
    assert (found == []) if complaint is None else (complaint in found[0])
