"""Run tests of the warehouse and the API on a server that is not the embedded one.

    python -m tests.servers.on_server [PYTEST ARGUMENTS]

DATABASE_URL names the server: one for tests alone (see given_server). Without it, PostgreSQL 16 runs as a
managed server would: over TCP with TLS, the certificate checked, for a login that is no superuser.
"""

import os
import sys
import tempfile
from pathlib import Path

import pytest

from tests.servers.given_server import VARIABLE
from tests.servers.own_server import OLDEST, PASSWORD, own_server
from tests.servers.tls_front import make_certificate, tls_front
from warehouse.urls import make_url, url_parts

LOGIN = f"create role manager login createrole createdb password '{PASSWORD}'"
TESTS = (
    "tests/warehouse/test_publish_function.py",
    "tests/warehouse/test_quarantine_function.py",
    "tests/dbt/test_portfolio_functions.py",
    "tests/api/marts/test_visibility.py",
    "tests/api/queries/test_queries.py",
    "tests/api/routes/test_analytics_answers.py",
    "tests/api/routes/test_data_answers.py",
    "tests/api/routes/test_shapes.py",
)
TEMPORARY = "/tmp"  # noqa: S108 - short, as in conftest


def main(arguments: list[str]) -> int:
    """Run the tests, TESTS unless others are named; the exit code of pytest."""
    tests = ["-q", "-p", "no:cacheprovider", *(arguments or ["-m", "not long", *TESTS])]
    if "DATABASE_URL" in os.environ:
        os.environ[VARIABLE] = os.environ["DATABASE_URL"]
        return pytest.main(tests)
    with tempfile.TemporaryDirectory(prefix="sg-on-server-", dir=TEMPORARY) as name:
        folder = Path(name)
        with own_server(folder, OLDEST) as server:
            server.run(LOGIN)
            certificate = make_certificate(folder, "127.0.0.1")
            with tls_front(server.port, certificate) as port:
                parts = url_parts(server.url("manager", "postgres"))
                checked = {"sslmode": "verify-full", "sslrootcert": str(certificate.certificate)}
                os.environ[VARIABLE] = make_url({**parts, **checked, "port": str(port)})
                return pytest.main(tests)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
