"""The OpenAPI document: every path needs an example, error responses and a description."""

from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient

from api.http.documentation import catalogue_table
from api.http.errors import CATALOGUE
from api.schemas.common import ResponseModel
from tests.api.api_helpers import OPEN_PATHS, Shapes
from tests.api.document import openapi_document
from warehouse.settings import project_root

PREFIX = "/api/v1"

DOCUMENT: dict[str, Any] = openapi_document()
OPERATIONS = [
    pytest.param(method, path.removeprefix(PREFIX), operation, id=operation["operationId"])
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_path_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"], (method, path)
    assert operation["description"].strip().endswith("."), path
    for parameter in operation.get("parameters", []):
        assert parameter["in"] == "path" or parameter["description"].endswith("."), (path, parameter["name"])


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_example_matches_its_schema(method: str, path: str, operation: dict[str, Any]) -> None:
    answer = operation["responses"].get("200", {}).get("content", {})
    for media_type, content in answer.items():
        assert "example" in content, (method, path, media_type)
        if media_type == "application/json":
            Shapes(DOCUMENT).validate(content["example"], content["schema"])


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_path_lists_its_error_responses(method: str, path: str, operation: dict[str, Any]) -> None:
    contents = [response.get("content", {}) for response in operation["responses"].values()]
    problems = [
        content["application/problem+json"] for content in contents if "application/problem+json" in content
    ]
    documented = {code for problem in problems for code in problem["examples"]}
    for problem in problems:
        for example in problem["examples"].values():
            jsonschema.validate(example["value"], DOCUMENT["components"]["schemas"]["Problem"])
    if path not in OPEN_PATHS:
        schemes = [next(iter(scheme)) for scheme in operation["security"]]
        assert schemes == ["HTTPBearer", "AccessCookie"][: 2 if method == "get" else 1]
        assert {"not_authenticated", "token_invalid", "token_expired"} <= set(documented)
    if "{portfolio_id}" in path and not path.startswith("/insights/"):  # stored texts, not figures of a date
        assert {"portfolio_not_found", "date_before_history", "invalid_request"} <= documented
        is_cached = method == "get"
        assert ("304" in operation["responses"]) == is_cached
        headers = {"X-As-Of-Date", "X-Publication-Id", "X-Withheld-Portfolios"} | (
            {"ETag"} if is_cached else set()
        )
        assert set(operation["responses"]["200"]["headers"]) == headers


def test_every_field_of_every_answer_is_described() -> None:
    for shape in shapes_of(ResponseModel):
        assert shape.__doc__, shape
        for name, field in shape.model_fields.items():
            nested = field.annotation is not None and "api.schemas" in str(field.annotation)
            assert field.description or nested, f"{shape.__name__}.{name}"


def shapes_of(base: type[ResponseModel]) -> list[type[ResponseModel]]:
    return [shape for child in base.__subclasses__() for shape in (child, *shapes_of(child))]


def test_the_introduction_lists_every_code() -> None:
    for problem in CATALOGUE:
        assert f"| `{problem.code}` | {problem.status} |" in DOCUMENT["info"]["description"]


def test_the_documented_errors_match_the_code() -> None:
    text = (project_root() / "docs" / "api.md").read_text()
    assert catalogue_table() in text, "update the table of docs/api.md: print(catalogue_table())"


def test_the_openapi_document_and_docs_page_need_no_login(empty_api: TestClient) -> None:
    assert empty_api.get(f"{PREFIX}/openapi.json").json() == DOCUMENT
    assert "swagger" in empty_api.get(f"{PREFIX}/docs").text.lower()
