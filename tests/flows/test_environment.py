"""What runs and their child processes take from the working directory: nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from warehouse.connections import Warehouse

SIGMASIGHT = Path(sys.executable).with_name("sigmasight")
OF_PREFECT = """
from flows.prefect.start import prefect_ready
from warehouse.connections import open_warehouse

with prefect_ready(open_warehouse()):
    from prefect.settings import get_current_settings

    print(get_current_settings().runner.server.enable, get_current_settings().runner.poll_frequency)
"""
OF_PROCESSES = """
from flows.environment import prepare_environment
from python_models.runtime.processes import model_processes
from warehouse.connections import open_warehouse

if __name__ == "__main__":
    prepare_environment(open_warehouse())
    with model_processes(2):
        pass
    print("done")
"""


@pytest.fixture
def shared_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory into which somebody else put modules and settings."""
    folder = tmp_path / "shared"
    folder.mkdir()
    for name in ("dbt", "multiprocessing", "prefect", "struct", "flows"):
        (folder / f"{name}.py").write_text(f"raise SystemExit('planted {name}')")
    (folder / ".env").write_text("PREFECT_RUNNER_SERVER_ENABLE=true\n")
    (folder / "prefect.toml").write_text("[runner]\npoll_frequency = 77\n")
    monkeypatch.chdir(folder)
    return folder


def in_folder(warehouse: Warehouse, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program in the working directory."""
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, **warehouse.settings.as_environment()},
    )


@pytest.mark.usefixtures("shared_folder")
def test_dbt_is_not_imported_from_the_working_directory(calendar_warehouse: Warehouse) -> None:
    # Silent failure prevented: whoever may write to a folder in which an operator works runs code as them
    done = in_folder(calendar_warehouse, SIGMASIGHT, "dbt", "--version")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "planted" not in done.stdout + done.stderr


@pytest.mark.usefixtures("shared_folder")
def test_processes_of_models_import_nothing_from_the_working_directory(
    calendar_warehouse: Warehouse, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(OF_PROCESSES)
    done = in_folder(calendar_warehouse, sys.executable, program)
    assert (done.returncode, done.stdout, "planted" in done.stderr) == (0, "done\n", False), done.stderr


@pytest.mark.usefixtures("shared_folder")
def test_prefect_reads_no_settings_from_the_working_directory(
    calendar_warehouse: Warehouse, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(OF_PREFECT)
    done = in_folder(calendar_warehouse, sys.executable, program)
    assert done.stdout == "False 10\n", done.stderr
