"""The programs of docs/connections.md reach the marts over EMBEDDED_PORT, by the code printed there."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.flows.in_process import invoke
from tests.servers.own_server import free_port
from warehouse.connections import Warehouse, stop_warehouse
from warehouse.embedded_host import program
from warehouse.settings import project_root

PAGE = (project_root() / "docs" / "connections.md").read_text()
RUN_HERE = ("psql", "psycopg", "SQLAlchemy and pandas", "Arrow (ADBC)")


def sections() -> Iterator[tuple[str, str]]:
    """Title and text of each section."""
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        title, _, text = part.partition("\n")
        yield title, text


def commands() -> Iterator[list[str]]:
    """The commands and the Python code of the programs that the environment has."""
    for title, text in sections():
        if title not in RUN_HERE:
            continue
        for code in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
            yield [sys.executable, "-c", code]
        for line in re.findall(r"^\$ psql \"\$WAREHOUSE_URL\" (.*)$", text, flags=re.MULTILINE):
            yield [str(program("psql")), os.environ["WAREHOUSE_URL"], *shlex.split(line)]


@pytest.mark.long
def test_the_printed_examples_run(
    demo: Warehouse, move_to_own_server: Callable[[Warehouse], Warehouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = move_to_own_server(demo).settings
    stop_warehouse(settings)
    variables = {**settings.as_environment(), "EMBEDDED_PORT": str(free_port())}
    shown = invoke(["connection"], variables).stdout
    assert "127.0.0.1" in shown
    assert "analyst_password" in shown
    monkeypatch.setenv("WAREHOUSE_URL", invoke(["connection", "--url"], variables).stdout.strip())

    outputs = {tuple(command): run(command) for command in commands()}
    assert len(outputs) == 5
    said = "\n".join(outputs.values())
    for expected in (
        "Demo Individual Investor Portfolio",
        "market_value: double",
        "Unit: USD.",
    ):
        assert expected in said


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def test_the_page_shows_what_the_command_prints(warehouse: Warehouse) -> None:
    shown = invoke(["connection"], warehouse.settings.as_environment()).stdout
    labels = [line.split(" ")[0] for line in shown.splitlines()]
    assert labels == ["host", "port", "database", "user", "password", "schemas", ""]
    assert shown.splitlines()[-1].strip() in PAGE
    assert "password=" not in shown
