"""Names of portfolios as people type them."""

import pytest

from ingestion.portfolios.names import close_names, did_you_mean, has_control_characters, same_names
from ingestion.portfolios.portfolios import PortfolioFields, name_errors

NAMES = ["Growth", "Income", "Demo Hedge Fund Style Investor Portfolio"]


def test_case_and_spaces_do_not_matter() -> None:
    assert same_names(" growth ", NAMES) == ["Growth"]
    assert same_names("demo  hedge fund STYLE investor portfolio", NAMES) == [NAMES[2]]
    assert same_names("Grow", NAMES) == []


def test_the_exact_name_wins_and_others_are_all_named() -> None:
    assert same_names("IRA", ["Ira", "IRA"]) == ["IRA"]
    assert same_names("ira", ["Ira", "IRA"]) == ["Ira", "IRA"]


def test_a_typo_or_a_part_suggests_the_closest_names_first() -> None:
    assert close_names("grwoth", NAMES) == ["Growth"]
    assert close_names("hedge fund", NAMES) == [NAMES[2]]
    assert close_names("Portfolio 1", ["Portfolio 22", "Portfolio 2"]) == ["Portfolio 2", "Portfolio 22"]
    assert close_names("Bonds", NAMES) == []
    assert close_names("in", NAMES) == []


def test_at_most_three_are_suggested() -> None:
    close = close_names("Fund", [f"Fund {number}" for number in range(9)])
    assert len(close) == 3
    assert did_you_mean(["'a'", "'b'"]) == "did you mean 'a' or 'b'?"


def test_a_new_name_suggests_the_one_that_was_meant() -> None:
    assert (
        PortfolioFields("Grwoth", "jane@example.com", similar=("Growth",)).suggestion
        == "did you mean 'Growth'?"
    )
    assert PortfolioFields("Bonds", "jane@example.com").suggestion is None


@pytest.mark.parametrize(
    "name", ["Grow\nth", "Grow\x1b[2Jth", "Growth\u202e", "Grow\u2028th", "Grow\x9bth", "\x00"]
)
def test_a_name_with_control_characters_is_refused(name: str) -> None:
    assert has_control_characters(name)
    found = name_errors(name, "jane@example.com", "taxable", f"{name}x")
    assert [error.code for error in found] == ["ERR_PORT_002", "ERR_PORT_011"]
    assert not any(has_control_characters(str(error)) for error in found)


@pytest.mark.parametrize(
    "name", ["Größe & Höhe", "成長", "צמיחה", "A\u200dB 👩\u200d💻", "[/x] :bug:", "a\xa0b"]
)
def test_a_name_in_any_script_is_none(name: str) -> None:
    assert not has_control_characters(name)
    assert name_errors(name, "jane@example.com", "taxable", name) == []
