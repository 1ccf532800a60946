"""MetricFlow accepts the semantic models, adds up only money, and answers what SQL over the marts answers."""

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from warehouse.connections import Warehouse
from warehouse.settings import project_root

pytestmark = pytest.mark.slow

MODELS = project_root() / "dbt_project/models"
SEMANTIC = MODELS / "semantic/_semantic.yml"
QUERIES = {
    ("equity,daily_pnl", "portfolio__portfolio_name,metric_time__month"): """
        select portfolio_name, date_trunc('month', as_of_date),
            sum(equity) filter (where as_of_date = last_session), sum(daily_pnl)
        from fct_portfolio_snapshots join dim_portfolios using (portfolio_id)
        join (
            select max(as_of_date) as last_session from fct_portfolio_snapshots
            group by date_trunc('month', as_of_date)
        ) as months on date_trunc('month', last_session) = date_trunc('month', as_of_date)
        group by 1, 2
    """,
    ("market_value,position_pnl", "position_session__sector"): """
        select sector,
            sum(market_value) filter (where as_of_date = (select max(as_of_date) from fct_position_values)),
            sum(daily_pnl)
        from fct_position_values group by 1
    """,
    ("gross_exposure,net_exposure", "portfolio__account_type"): """
        select account_type, sum(gross_exposure), sum(net_exposure)
        from fct_portfolio_exposures join dim_portfolios using (portfolio_id)
        where as_of_date = (select max(as_of_date) from fct_portfolio_exposures) group by 1
    """,
}


@pytest.fixture(scope="module")
def analyst(demo: Warehouse) -> dict[str, str]:
    """The environment in which dbt logs in as an analyst."""
    environment = demo.dbt_environment(is_reader=True)
    del environment["DBT_PROJECT_DIR"]  # the folder of the test is the project
    return {**os.environ, **environment}


@pytest.fixture(scope="module")
def project(analyst: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `mf` looks for in that of a project, after `dbt parse`."""
    folder = tmp_path_factory.mktemp("metricflow")
    shutil.copy(project_root() / "dbt_project/dbt_project.yml", folder)
    run(analyst, folder, "dbt", *dbt("parse", folder))
    return folder


def dbt(command: str, folder: Path) -> list[str]:
    """A command of dbt that leaves its files in the folder."""
    files = ["--target-path", str(folder / "target"), "--log-path", str(folder)]
    return [
        command,
        "--project-dir",
        str(project_root() / "dbt_project"),
        *files,
        "--vars",
        "read_marts: true",
    ]


def run(environment: dict[str, str], folder: Path, program: str, *arguments: str, code: int = 0) -> str:
    """Run a program of the environment that Python is from; what it prints."""
    path = Path(sys.executable).with_name(program)
    done = subprocess.run(
        [path, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_nothing_can_be_built_with_the_names_that_readers_see(
    analyst: dict[str, str], project: Path, tmp_path: Path
) -> None:
    said = run(analyst, project, "dbt", *dbt("compile", tmp_path), code=2)
    assert "read_marts is for `dbt parse` only" in said


def test_metricflow_accepts_them(analyst: dict[str, str], project: Path) -> None:
    said = run(analyst, project, "mf", "validate-configs", "--skip-dw")
    assert "ERRORS: 0, FUTURE_ERRORS: 0, WARNINGS: 0" in said


@pytest.mark.parametrize(("asked", "statement"), QUERIES.items(), ids=lambda value: value[0][:20])
def test_it_answers_what_sql_answers(
    analyst: dict[str, str], demo: Warehouse, project: Path, asked: tuple[str, str], statement: str
) -> None:
    metrics, groups = (names.split(",") for names in asked)
    file = project / "answer.csv"
    query = ["query", "--metrics", asked[0], "--group-by", asked[1], "--csv", str(file)]
    run(analyst, project, "mf", *query)
    with file.open(newline="") as lines:
        answer = [[row[name] for name in (*groups, *metrics)] for row in csv.DictReader(lines)]
    with psycopg.connect(demo.analyst_url) as connection:
        rows = connection.execute(statement.encode()).fetchall()
    found, expected = _by_key(answer, len(groups)), _by_key(rows, len(groups))
    assert len(found) == len(answer) == len(rows)
    assert found == {key: pytest.approx(values, rel=1e-9) for key, values in expected.items()}


def test_the_tables_of_all_publications_are_refused(analyst: dict[str, str], tmp_path: Path) -> None:
    """A parse without the variable names them; another login would add superseded rows to current ones."""
    assert analyst["SIGMASIGHT_DB_USER"] == "sigmasight_analyst"
    shutil.copy(project_root() / "dbt_project/dbt_project.yml", tmp_path)
    run(analyst, tmp_path, "dbt", *dbt("parse", tmp_path)[:-2])
    query = ["query", "--metrics", "equity", "--group-by", "portfolio__portfolio_name"]
    assert "permission denied for schema published" in run(analyst, tmp_path, "mf", *query, code=1)


def _by_key(rows: Iterable[Sequence[Any]], width: int) -> dict[tuple[str, ...], list[float]]:
    """The figures of rows by their first columns."""
    return {tuple(map(_text, row[:width])): [float(value) for value in row[width:]] for row in rows}


def _text(value: object) -> str:
    return "" if value is None else re.sub(r"\+00:00$", "", str(value))


def test_only_money_is_added_up() -> None:
    content = yaml.safe_load(SEMANTIC.read_text("utf-8"))
    measures = 0
    for semantic in content["semantic_models"]:
        mart = re.fullmatch(r"ref\('(\w+)'\)", semantic["model"])
        assert mart
        units = _units(mart[1])
        for measure in semantic.get("measures", []):
            measures += 1
            assert measure["agg"] == "sum"
            assert units[measure.get("expr", measure["name"])] == "USD"
    assert measures > 10


def _units(mart: str) -> dict[str, Any]:
    (path,) = (MODELS / "marts").rglob(f"{mart}.yml")
    (model,) = yaml.safe_load(path.read_text("utf-8"))["models"]
    return {column["name"]: column["config"]["meta"]["unit"] for column in model["columns"]}
