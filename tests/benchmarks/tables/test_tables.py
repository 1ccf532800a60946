"""Which tables are made again."""

import importlib.util
from pathlib import Path

import pytest

from tests.benchmarks.tables.__main__ import COMMANDS, LARGE, SMALL, Made, chosen, make
from warehouse.settings import project_root


def test_every_command_is_a_module() -> None:
    assert all(importlib.util.find_spec(command.split()[0]) for command in COMMANDS)


def test_every_module_that_writes_a_table_is_among_them() -> None:
    folders = [project_root() / "tests" / name for name in ("benchmarks", "scale")]
    writers = {
        path.relative_to(project_root()).with_suffix("").as_posix().replace("/", ".")
        for folder in folders
        for path in folder.rglob("*.py")
        if not path.name.startswith("test_") and '"--write"' in path.read_text()
    }
    modules = {command.split()[0] for command in COMMANDS if "--write" in command}
    # the benchmarks of builds are run.py, by the package's own name
    assert {name.removesuffix(".__main__").removesuffix(".run") for name in writers} == modules


def test_all_are_chosen_or_those_named_with_the_build_that_they_read() -> None:
    assert chosen([]) == COMMANDS
    assert chosen(["kernels"]) == ("tests.benchmarks.kernels --write",)
    assert chosen(["bench_page"])[0] == LARGE
    assert chosen(["bench_packed"])[0] == SMALL
    with pytest.raises(ValueError, match="no table is made by nothing"):
        chosen(["nothing"])


def test_a_command_that_fails_is_told_and_the_others_are_run(tmp_path: Path) -> None:
    made = list(make(["tests.no_such_module {large}", "this"], {"large": tmp_path}))
    assert [one.code for one in made] == [1, 0]
    assert "exit code 1" in str(made[0])
    assert str(Made("x", 61.4, 0)) == "     61 s  x: done"
