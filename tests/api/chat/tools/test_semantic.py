"""What a model reads about the marts is what their yml files say."""

import pytest

from api.chat.tools.describe import describe_all, describe_mart
from api.chat.tools.semantic import document
from api.chat.tools.semantic.document import FILE, MOST_BYTES, generate_document, semantic_document
from api.chat.tools.semantic.examples import example_queries
from api.chat.tools.semantic.marts import mart_names, read_marts
from warehouse.settings import project_root

FOLDER = project_root() / "dbt_project" / "models" / "marts"


def test_the_page_in_the_package_is_the_one_that_the_yml_files_make() -> None:
    message = "run `python -m api.chat.tools.semantic`"
    assert semantic_document() == generate_document(), message


def test_the_page_is_short_enough_to_lead_every_prompt() -> None:
    assert FILE.stat().st_size <= MOST_BYTES


def test_the_page_names_every_mart_with_its_grain() -> None:
    words = semantic_document().replace("(", " (").split()
    assert set(read_marts()) <= set(words)


def test_a_column_that_no_mart_has_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = (("beta", "", ("fct_portfolio_risk.beta",)),)
    monkeypatch.setattr(document, "MEASURES", wrong)
    with pytest.raises(KeyError):
        generate_document()


def test_every_mart_is_read_with_all_its_columns() -> None:
    # fct_loads is for analysts only
    assert {*read_marts(), "fct_loads"} == {path.stem for path in FOLDER.glob("*/*.yml")}
    assert "fct_loads" not in read_marts()
    for mart in read_marts().values():
        assert set(mart.grain) <= set(mart.columns), mart.name


def test_a_mart_is_named_like_its_file() -> None:
    assert mart_names() == tuple(read_marts())


def test_no_placeholder_of_dbt_is_left_in_a_page() -> None:
    pages = [str(describe_mart(mart)) for mart in read_marts().values()]
    assert [page for page in pages if "{{" in page] == []


def test_a_page_has_units_null_meanings_joins_and_examples() -> None:
    page = describe_mart(read_marts()["fct_portfolio_exposures"])
    columns = {name: (unit, meaning) for name, _, unit, meaning in page["rows"]}
    assert columns["leverage"] == ("ratio", "Gross exposure / equity; null where equity is not positive.")
    assert page["joins"][0] == (
        "dim_portfolios on fct_portfolio_exposures.portfolio_id = dim_portfolios.portfolio_id"
    )
    assert 2 <= len(page["example_queries"]) <= 3


def test_what_null_means_is_found_in_the_description() -> None:
    column = read_marts()["fct_portfolio_exposures"].columns["leverage"]
    assert column.null_meaning == "null where equity is not positive"
    assert read_marts()["fct_portfolio_snapshots"].columns["equity"].null_meaning is None


def test_the_list_of_marts_has_each_once() -> None:
    assert [name for name, _, _ in describe_all()["marts"]] == list(read_marts())


def test_every_mart_has_two_or_three_examples() -> None:
    counts = {mart: len(examples) for mart, examples in example_queries().items()}
    assert counts.keys() == read_marts().keys()
    assert set(counts.values()) <= {2, 3}
