"""The summary of risk names what is not measured."""

import pytest

from flows.summaries.risk import number
from tests.flows.summaries.figures import portfolio_line, shown_portfolio
from tests.flows.summaries.figures import risk_line as line


def test_a_mixed_portfolio_says_what_share_is_measured_and_what_is_not() -> None:
    mixed = line(coverage_of_equity=0.55, quality_flag="partially_covered", not_measured=["HOME", "ART"])
    assert mixed.cells()[-1] == "55%"
    assert mixed.notes() == ["partially_covered: 55% of equity is measured, not HOME, ART"]


def test_a_share_below_one_is_never_shown_as_all_and_one_option_is_one() -> None:
    almost = line(coverage_of_equity=0.9966, quality_flag="full_history", not_measured=["TINY"])
    assert almost.notes() == ["full_history: 99% of equity is measured, not TINY"]
    assert line(option_count=1).notes()[-1].startswith("1 option; delta")
    priced = portfolio_line(coverage=0.99996, flagged={"model_price": ["AAPL270115P00200000"]}).quality()
    assert priced == "99.9% of public value priced; 1 option at the model's price"


def test_a_long_list_is_cut() -> None:
    named = [f"S{number}" for number in range(7)]
    (note,) = line(coverage_of_equity=0.1, quality_flag="partially_covered", not_measured=named).notes()
    assert note.endswith("not S0, S1, S2, S3, S4, …")


def test_a_fully_measured_portfolio_needs_no_note() -> None:
    assert line(coverage_of_equity=1.0, quality_flag="full_history").notes() == []


def test_a_beta_of_a_part_of_the_portfolio_says_of_how_much() -> None:
    partial = line(beta=0.3712, beta_coverage=0.17698, coverage_of_equity=1.0, quality_flag="full_history")
    sentence = "beta 0.37 is of 17% of gross market value: the rest has too few returns, and counts as 0"
    assert partial.notes() == [sentence]
    assert shown_portfolio(portfolio_line(), partial).attention() == [sentence]
    assert line(beta=0.3712, beta_coverage=0.97).notes() == []


def test_the_delta_of_the_options_is_not_that_of_the_shares() -> None:
    (note,) = line(option_count=1, option_delta_dollars=32.95, delta_dollars=87299.95).notes()
    assert note.startswith("1 option; delta 33 USD (87,300 with the shares), gamma")


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [(-0.0004, "+,.0f", "+0"), (-0.0004, ".1%", "0.0%"), (-0.6, "+,.0f", "-1"), (None, ".1%", "-")],
)
def test_what_rounds_to_zero_has_no_minus(value: float | None, form: str, shown: str) -> None:
    assert number(value, form) == shown
