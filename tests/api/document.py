"""The OpenAPI document, which takes seconds to make: once for all tests that ask for each of its paths."""

import json
from functools import cache
from typing import Any

from api.app import create_app
from warehouse.settings import Settings


def openapi_document() -> dict[str, Any]:
    """A copy of the document."""
    document: dict[str, Any] = json.loads(_text())
    return document


@cache
def _text() -> str:
    return json.dumps(create_app(Settings()).openapi())
