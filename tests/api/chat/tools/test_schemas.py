"""The schemas of the tools: valid, strict, and accepted by the openai client."""

from typing import Any

import jsonschema
import pytest
from openai.types.responses import FunctionToolParam
from pydantic import TypeAdapter

from api.chat.tools.registry import Tools

SCHEMAS = {schema["name"]: schema for schema in Tools().schemas()}
MOST_BYTES_OF_METRIC = 6000

VALID: dict[str, dict[str, Any]] = {
    "metric": {"name": "var", "portfolio": None, "as_of": "2025-09-12", "published_at": None, "by": "method"},
    "what_if": {
        "portfolio": None,
        "as_of": "2025-09-12",
        "published_at": None,
        "trades": [{"symbol": "TLT", "quantity": 10, "target_weight": None, "close": None}],
        "cash": "absorb",
        "section": "var",
    },
    "sql": {"statement": "select 1", "purpose": "A number."},
    "describe": {"mart": None},
    "explain": {"query_id": "6b8f2a4e-7c53-4c9b-9f0e-0f6d0f2c1a11", "row": 0, "column": "equity"},
    "search_docs": {"question": "What is a factor?"},
    "remember": {"text": "I report in euros.", "scope": "user"},
}


def objects(schema: Any) -> list[dict[str, Any]]:
    """Every schema of an object within a schema."""
    if isinstance(schema, list):
        return [found for part in schema for found in objects(part)]
    if not isinstance(schema, dict):
        return []
    inner = [found for part in schema.values() for found in objects(part)]
    return [schema, *inner] if schema.get("type") == "object" else inner


def test_metric_is_offered_before_sql() -> None:
    assert list(SCHEMAS) == ["metric", "what_if", "sql", "describe", "explain", "search_docs", "remember"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_and_strict(name: str) -> None:
    parameters = SCHEMAS[name]["parameters"]
    jsonschema.Draft202012Validator.check_schema(parameters)
    assert SCHEMAS[name]["strict"] is True
    for schema in objects(parameters):
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])
    assert not {"$ref", "default", "title", "allOf", "oneOf"} & set(str(parameters).replace("'", " ").split())


@pytest.mark.parametrize("name", SCHEMAS)
def test_valid_arguments_match_and_each_is_required(name: str) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMAS[name]["parameters"])
    assert validator.is_valid(VALID[name])
    assert not validator.is_valid({**VALID[name], "more": 1})
    for argument in VALID[name]:
        assert not validator.is_valid({key: value for key, value in VALID[name].items() if key != argument})


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_client_takes_the_tool(name: str) -> None:
    TypeAdapter(FunctionToolParam).validate_python(SCHEMAS[name], strict=True)


def test_the_names_of_metrics_and_marts_are_closed_lists() -> None:
    metric = SCHEMAS["metric"]["parameters"]["properties"]
    assert "equity" in metric["name"]["enum"]
    assert len(metric["name"]["enum"]) >= 40
    assert "fct_portfolio_risk" in SCHEMAS["describe"]["parameters"]["properties"]["mart"]["anyOf"][0]["enum"]


def test_the_description_lists_every_metric_and_stays_short() -> None:
    description = SCHEMAS["metric"]["description"]
    names = SCHEMAS["metric"]["parameters"]["properties"]["name"]["enum"]
    assert [name for name in names if f"\n{name}: " not in description] == []
    assert len(description.encode()) <= MOST_BYTES_OF_METRIC
