"""`sigmasight serve` listens where it is told, prints an address, and opens no warehouse if it need not."""

from pathlib import Path
from typing import Any

import pytest
import uvicorn

from flows.cli.tools import _for_browsers
from tests.flows.in_process import invoke

READERS = {
    "API_DATABASE_URL": "postgresql://sigmasight_api@127.0.0.1:1/nowhere",
    "AUTH_DATABASE_URL": "postgresql://sigmasight_auth@127.0.0.1:1/nowhere",
    "SECRET_KEY": "k" * 32,
}


@pytest.mark.parametrize(
    ("listens_on", "opened"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - compared, not bound
        ("::", "127.0.0.1"),
        ("::1", "[::1]"),
        ("risk.example.com", "risk.example.com"),
    ],
)
def test_the_printed_address_is_one_to_open(listens_on: str, opened: str) -> None:
    assert _for_browsers(listens_on) == opened


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What uvicorn was started with."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda *_, **options: given.update(options))
    return given


@pytest.mark.parametrize(
    ("arguments", "variables", "port"),
    [
        ((), {}, 8000),
        ((), {"PORT": "9001"}, 9001),
        ((), {"PORT": "9001", "API_PORT": "9002"}, 9002),
        (("--port", "9003"), {"PORT": "9001", "API_PORT": "9002"}, 9003),
    ],
)
def test_it_listens_on_the_port_of_the_platform_unless_another_is_chosen(
    arguments: tuple[str, ...],
    variables: dict[str, str],
    port: int,
    served: dict[str, Any],
    tmp_path: Path,
) -> None:
    done = invoke(["serve", *arguments], {**READERS, "SIGMASIGHT_HOME": str(tmp_path), **variables})
    assert done.returncode == 0, done.stderr
    assert served["port"] == port


def test_with_logins_of_readers_it_opens_no_warehouse(served: dict[str, Any], tmp_path: Path) -> None:
    """Neither an embedded server beside it, nor roles and tables on the server of DATABASE_URL."""
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere"}
    for variables in ({}, nowhere):
        done = invoke(["serve"], {**READERS, "SIGMASIGHT_HOME": str(tmp_path), **variables})
        assert done.returncode == 0, done.stderr
    assert served
    assert not (tmp_path / ".warehouse" / "pgdata").exists()
    assert invoke(["serve"], {"SIGMASIGHT_HOME": str(tmp_path), **nowhere}).returncode == 1
