"""The wheel is the whole program: it runs outside a checkout, with its data in the user's data folder."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from warehouse.settings import project_root

ROOT = project_root()
PACKAGES = ("warehouse", "ingestion", "python_models", "flows", "api", "dbt_project")
pytestmark = [pytest.mark.long, pytest.mark.slow]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what git knows: a checkout has folders of dbt and of tests that belong in no package."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("sigmasight-*.whl"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`sigmasight` of an environment that has the wheel, and the packages of this one."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    into = ["--no-deps", "--no-index", "--target", str(site), str(wheel)]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", *into], check=True, capture_output=True
    )
    (site / "packages_of_the_tests.pth").write_text(sysconfig.get_path("purelib"))
    start = f"#!{folder}/bin/python\nimport sys\nfrom flows.cli.app import app\nsys.exit(app())\n"
    program = folder / "bin" / "sigmasight"
    program.write_text(start)
    program.chmod(0o755)
    yield program
    shutil.rmtree(folder)


def test_the_wheel_holds_every_file_of_its_packages(wheel: Path) -> None:
    known = subprocess.run(
        ["git", "ls-files", *PACKAGES],  # noqa: S607 - whichever git the person uses
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert set(known) - held == set()
    assert "dbt_project/profiles.yml" in held
    pages = {"README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))}
    assert {f"api/chat/documents/pages/{name}" for name in pages} - held == set(), "the chat searches these"
    assert not [name for name in held if name.startswith(("tests/", "dbt_project/target"))]


def test_the_demo_runs_from_the_wheel_in_an_empty_folder(program: Path, tmp_path: Path) -> None:
    home = Path("/tmp") / f"sg-wheel-{os.getpid()}"  # noqa: S108 - short: the path of a socket is limited
    foreign = ("SIGMASIGHT", "PYTHON", "DBT", "PREFECT", "DATABASE_URL", "PG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment = {**kept, "XDG_DATA_HOME": str(home)}
    try:
        done = subprocess.run(
            [program, "demo"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        subprocess.run([program, "stop"], cwd=tmp_path, env=environment, check=True, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "published" in done.stdout
        assert list(tmp_path.iterdir()) == []
        assert (home / "sigmasight" / ".warehouse").is_dir()
    finally:
        shutil.rmtree(home, ignore_errors=True)
