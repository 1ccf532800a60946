"""How an analyst's program connects, in lines for the terminal; no line holds a password."""

from collections.abc import Iterator

from warehouse.connections import Warehouse
from warehouse.urls import url_parts

NO_NETWORK = (
    "Programs that know no unix socket: set EMBEDDED_PORT=5433, run `sigmasight stop`, then this again."
)

Lines = Iterator[tuple[str, str]]


def connection_lines(warehouse: Warehouse) -> Lines:
    """Label and value of each field that a program asks for."""
    url = warehouse.analyst_network_url or warehouse.analyst_url
    parts = url_parts(url)
    yield "host", parts.get("host", "the local socket")
    yield "port", parts.get("port", "5432")
    yield "database", parts.get("dbname", "")
    yield "user", parts.get("user", "")
    yield "password", _password(warehouse, has_one="password" in parts)
    yield "schemas", "marts (current), marts_history (all publications), udf (functions)"
    if warehouse.is_embedded and warehouse.analyst_network_url is None:
        yield "", NO_NETWORK


def _password(warehouse: Warehouse, *, has_one: bool) -> str:
    settings = warehouse.settings
    if not has_one:
        return "none is set (ANALYST_PASSWORD)"
    if warehouse.is_embedded and settings.analyst_password is None and not settings.analyst_database_url:
        return f"in {settings.embedded_password_file}"
    return "the value of ANALYST_PASSWORD or ANALYST_DATABASE_URL"
