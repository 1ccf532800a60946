"""The OpenAPI document against the contract: missing paths or fields, and fields of another type, fail.

Live answers are held against the OpenAPI document (api_helpers.Shapes), all of its fields required, and so
against the contract.
"""

import re
from collections.abc import Iterator
from math import inf
from typing import Any, get_args

import jsonschema
import pytest

from api.chat.turn.events import EventName
from tests.api.contract import CONTRACT, DEFINITIONS, EVENTS, REQUESTS
from tests.api.document import openapi_document

Schema = dict[str, Any]

PREFIX = "/api/v1"
DOCUMENT: Schema = openapi_document()
FORMATS_COMPARED = {"date", "date-time", "uuid"}  # a decimal is any text to OpenAPI


def departures(contract: Schema, schema: Schema, where: str) -> Iterator[str]:
    """Say where a schema of the OpenAPI document departs from one of the contract.

    The document may be narrower (integer for number, never null, a list of values for text) and name more
    fields. It may also name null where the contract does not: a figure that cannot be had is null.
    """
    contract = _followed(contract, DEFINITIONS)
    if not contract:
        return
    options = [option for option in _options(schema) if option.get("type") != "null"]
    expected = _types(contract)
    wrong = [option for option in options if not _types(option) <= expected]
    if wrong or not options:
        yield f"{where} is {' or '.join(sorted(expected))} in the contract, and {wrong} in the document"
        return
    expected_format = contract.get("format")
    if expected_format in FORMATS_COMPARED and {option.get("format") for option in options} != {
        expected_format
    }:
        yield f"{where} is a {expected_format} in the contract, and other text in the document"
    for option in options:
        yield from _departures_within(contract, option, where)


def _departures_within(contract: Schema, option: Schema, where: str) -> Iterator[str]:
    for name, field in contract.get("properties", {}).items():
        if name in option.get("properties", {}):
            yield from departures(field, option["properties"][name], f"{where}.{name}")
        else:
            yield f"{where}.{name} is missing"
    for inner in ("items", "additionalProperties"):
        if isinstance(contract.get(inner), dict):
            found = option.get(inner)
            described = found if isinstance(found, dict) else {"type": "anything"}
            yield from departures(contract[inner], described, f"{where}[]")


def _types(schema: Schema) -> set[str]:
    """JSON types that a schema allows but for null; a number may be an integer."""
    types = {schema["type"]} if isinstance(schema.get("type"), str) else set(schema.get("type", ()))
    return (types | ({"integer"} if "number" in types else set())) - {"null"}


def _options(schema: Schema) -> list[Schema]:
    """The alternatives that a schema of the document allows, references followed."""
    schema = _followed(schema, DOCUMENT["components"]["schemas"])
    if "anyOf" in schema:
        return [option for part in schema["anyOf"] for option in _options(part)]
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if values and "type" not in schema:
        return [{"type": "string" if all(isinstance(value, str) for value in values) else "other"}]
    return [schema]


def _followed(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    return definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


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
    contract = CONTRACT[path]
    if contract is None:
        return
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert list(departures(contract, schema, path)) == []


@pytest.mark.parametrize("path", REQUESTS)
def test_a_body_of_the_contract_is_taken(path: str) -> None:
    body = OPERATIONS[_nameless(path)]["requestBody"]["content"]["application/json"]["schema"]
    (schema,) = [option for option in _options(body) if option.get("type") != "null"]
    for name, field in REQUESTS[path]["properties"].items():
        assert name in schema["properties"], f"{path} takes no {name}"
        options = _options(schema["properties"][name])
        sent = {field["type"]} if isinstance(field["type"], str) else set(field["type"])
        taken = {option["type"] for option in options}
        assert sent - {"null"} <= taken, f"{path} takes {name} as {taken}"
        values = {value for option in options for value in option.get("enum", ())}
        assert set(field.get("enum", ())) <= values, f"{path} takes {name} as {values}"
        if "maxLength" in field:
            assert all(option.get("maxLength", inf) >= field["maxLength"] for option in options)


def test_the_events_of_the_contract_are_those_of_the_chat() -> None:
    assert set(EVENTS) == set(get_args(EventName))
    for schema in EVENTS.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_what_is_replaced_stays_for_one_version_marked_as_deprecated() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    marked = {
        f"{shape}.{name}"
        for shape, schema in schemas.items()
        for name, field in schema.get("properties", {}).items()
        if field.get("deprecated")
    }
    assert marked == {
        "AggregateFactor.beta",
        "AggregateFactor.exposure_dollar",
        "PortfolioPart.portfolio_id",
        "TargetPriceSummary.weighted_expected_return_eoy_dollars",
        "TargetPriceSummary.weighted_expected_return_next_year_dollars",
        "TargetPriceSummary.weighted_downside_return_dollars",
    }


def test_every_portfolio_path_takes_a_date_and_an_instant() -> None:
    for path, operation in OPERATIONS.items():
        if "ETag" in operation["responses"].get("200", {}).get("headers", {}):
            names = {parameter["name"] for parameter in operation["parameters"]}
            assert {"as_of_date", "published_at"} <= names, path


def test_the_contract_is_made_of_valid_schemas_without_misspelled_words() -> None:
    known = {"$ref", "type", "format", "properties", "items", "additionalProperties", "enum"}
    schemas = [*DEFINITIONS.values(), *filter(None, CONTRACT.values())]
    assert sum(len(schema.get("properties", ())) for schema in schemas) > 200
    for schema in schemas:
        jsonschema.Draft202012Validator.check_schema(schema)
        assert set(_words(schema)) <= known


def _words(schema: Schema) -> Iterator[str]:
    """Keywords that a schema and the schemas in it use."""
    yield from schema
    inner = [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
    for part in inner:
        if isinstance(part, dict):
            yield from _words(part)


@pytest.mark.parametrize(
    ("contract", "complaint"),
    [
        ({"properties": {"id": {"type": "string", "format": "uuid"}}}, None),
        ({"properties": {"id": {"type": "string"}}}, None),
        (
            {"properties": {"email": {"type": "string"}, "id": {"type": "integer"}}},
            "is integer in the contract",
        ),
        ({"properties": {"created_at": {"type": "string", "format": "date"}}}, "is a date in the contract"),
        ({"properties": {"nickname": {"type": "string"}}}, ".nickname is missing"),
        ({"properties": {"portfolio_id": {"type": ["string", "null"], "format": "uuid"}}}, None),
        ({"properties": {"portfolio_count": {"type": "string"}}}, "is string in the contract"),
        ({"type": "array", "items": {"type": "string"}}, "is array in the contract"),
        ({"additionalProperties": {"type": "number"}}, "[] is integer or number in the contract"),
    ],
)
def test_a_departure_from_the_contract_is_found(contract: Schema, complaint: str | None) -> None:
    schema = {"$ref": "#/components/schemas/Me"}
    found = list(departures({"type": "object", **contract}, schema, "me"))
    assert (found == []) if complaint is None else (complaint in found[0])
