"""Helpers of the store's tests."""

from collections.abc import Callable, Coroutine
from typing import Any

import psycopg

from warehouse.connections import Warehouse
from warehouse.urls import make_url, url_parts

RunCoroutine = Callable[[Coroutine[Any, Any, Any]], Any]
Admin = psycopg.Connection[dict[str, Any]]


def chat_url_of_admin(warehouse: Warehouse) -> str:
    """The URL of the chat's database for the superuser of the embedded server."""
    database = url_parts(warehouse.ai_url)["dbname"]
    return make_url({**url_parts(warehouse.admin_url), "dbname": database})
