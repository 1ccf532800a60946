"""What is imported before the API can serve: nothing that only the chat's model or MCP needs."""

import os
import subprocess
import sys

import pytest

from warehouse.connections import Warehouse

HEAVY = ("openai", "mcp", "mcp_types", "httpx2", "pandas")


def test_the_api_starts_without_the_packages_of_the_model_and_of_mcp() -> None:
    code = f"import sys, api.app; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


SERVED = """
import gc, sys
from api.app import create_served_app
create_served_app()
print("openai" in sys.modules, gc.get_freeze_count() > 10 * len(gc.get_objects()))
"""


@pytest.mark.parametrize("key", ["", "sk-a"])
def test_what_is_loaded_at_the_start_is_left_out_of_collections(warehouse: Warehouse, key: str) -> None:
    environment = {**os.environ, **warehouse.settings.as_environment(), "OPENAI_API_KEY": key}
    done = subprocess.run(
        [sys.executable, "-c", SERVED], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(bool(key)), "True"]


SERVE = """
from fastapi.testclient import TestClient
from api.app import create_app
with TestClient(create_app()) as client:
    print(client.get("/api/v1/health/live").status_code)
    answer = client.post("/mcp", json={})
    print(answer.status_code, answer.json()["code"])
"""


def without_mcp(warehouse: Warehouse, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code, with arguments, where the package cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.modules['mcp'] = None\n{code}", *arguments],
        env={**os.environ, **warehouse.settings.as_environment()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_api_serves_without_the_extra_for_assistants(warehouse: Warehouse) -> None:
    done = without_mcp(warehouse, SERVE)
    assert done.stdout.split() == ["200", "501", "mcp_unavailable"], done.stderr


def test_the_command_for_assistants_names_the_extra(warehouse: Warehouse) -> None:
    done = without_mcp(warehouse, "from flows.cli.app import app; app()", "mcp", "--user", "a@example.com")
    assert done.returncode != 0
    assert "sigmasight[mcp]" in done.stderr
    assert "Traceback" not in done.stderr
