"""What the targets that remove files remove."""

import shutil
import subprocess
from pathlib import Path

import pytest

from warehouse.settings import project_root

REMOVES_BUILD_OUTPUT = ("clean", "distclean")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile, a warehouse and build output."""
    shutil.copy(project_root() / "Makefile", tmp_path)
    for name in (".warehouse", "dist", "dbt_project/target"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").touch()
    return tmp_path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--directory", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize("target", REMOVES_BUILD_OUTPUT)
def test_build_output_is_removed_and_the_warehouse_is_not(checkout: Path, target: str) -> None:
    # Silent failure prevented: portfolios, users and history lost to a habit of developers
    assert make(checkout, target).returncode == 0
    assert not (checkout / "dist").exists()
    assert not (checkout / "dbt_project/target").exists()
    assert (checkout / ".warehouse/file").exists()


def test_the_warehouse_is_erased_on_request_alone(checkout: Path) -> None:
    refused = make(checkout, "erase")
    assert refused.returncode != 0
    assert "make erase CONFIRM=yes does it" in refused.stderr
    assert (checkout / ".warehouse/file").exists()
    assert make(checkout, "erase", "CONFIRM=yes").returncode == 0
    assert not (checkout / ".warehouse").exists()
