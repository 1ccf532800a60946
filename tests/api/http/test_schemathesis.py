"""Property tests of the whole OpenAPI document: no server error, no undocumented status or shape.

Each request is sent twice: as generated, and with a portfolio of the user. For more examples:
SIGMASIGHT_EXAMPLES=200 pytest tests/api/http/test_schemathesis.py
"""

import os
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.api_helpers import Person, log_in_demo
from tests.api.conftest import Serve
from tests.api.document import openapi_document
from tests.examples import examples
from warehouse.connections import Warehouse

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SENT = {
    "method",
    "url",
    "params",
    "headers",
    "json",
    "data",
    "content",
}  # a cookie would be the access token's

schema = schemathesis.openapi.from_dict(openapi_document())


@pytest.fixture(scope="module")
def person(demo: Warehouse, serve: Serve) -> Person:
    """A user of an API whose chat is on, with a model that cannot be reached: its errors are events."""
    of_a_model = {"openai_api_key": SecretStr("sk-test"), "openai_base_url": "http://127.0.0.1:9/v1"}
    chatting = replace(demo, settings=demo.settings.model_copy(update=of_a_model))
    return log_in_demo(serve(chatting), "demo_hedgefundstyle@sigmasight.com")


def send(person: Person, case: schemathesis.Case) -> Any:
    """Send a generated request as this user; a logout gets a session of its own."""
    if "/auth/logout" in case.path:
        person = log_in_demo(person.client, "demo_individual@sigmasight.com")
    request = case.as_transport_kwargs(base_url="http://testserver", headers=person.headers)
    person.client.cookies.clear()
    return person.client.request(**{name: value for name, value in request.items() if name in SENT})


OPERATIONS = [result.ok() for result in schema.get_all_operations()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
def test_every_response_is_as_documented(
    operation: schemathesis.schemas.APIOperation[Any, Any, Any, Any], person: Person
) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=int(os.environ.get("SIGMASIGHT_EXAMPLES", examples(4))),
        deadline=None,
        derandomize="SIGMASIGHT_EXAMPLES" not in os.environ,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: schemathesis.Case) -> None:
        case.validate_response(send(person, case), checks=CHECKS)
        if "portfolio_id" in case.path_parameters:
            case.path_parameters["portfolio_id"] = person.portfolio_id
            case.validate_response(send(person, case), checks=CHECKS)

    check()
