"""The example notebook runs as it is: an analyst's queries, tables and charts."""

import json
from typing import Any

import pytest

from warehouse.connections import Warehouse
from warehouse.settings import project_root

PATH = project_root() / "docs" / "examples" / "analyst.ipynb"
LAST = """
select portfolio_name from fct_portfolio_snapshots
join dim_portfolios using (portfolio_id)
where as_of_date = (select max(as_of_date) from fct_portfolio_snapshots) order by 1
"""


def test_no_output_is_kept() -> None:
    # figures of one warehouse, in a file that others read
    cells = json.loads(PATH.read_text("utf-8"))["cells"]
    assert [cell["outputs"] for cell in cells if cell["cell_type"] == "code" and cell["outputs"]] == []


@pytest.mark.slow
def test_the_notebook_runs(demo: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    monkeypatch.setenv("WAREHOUSE_URL", demo.analyst_url)
    notebook = nbformat.read(PATH, as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(notebook, timeout=300).execute()

    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"display_data", "execute_result", "stream"}
    assert [output.name for output in outputs if output.output_type == "stream"] == ["stdout"]
    charts = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(charts) == 2
    said = "\n".join(_text(output) for output in outputs)
    assert "Unit: USD." in said
    with demo.connect_analyst() as connection:
        names = [name for (name,) in connection.execute(LAST).fetchall()]
    assert len(names) > 4
    assert all(name in said for name in names)


def _text(output: Any) -> str:
    return str(output.get("text") or output.get("data", {}).get("text/html", ""))
