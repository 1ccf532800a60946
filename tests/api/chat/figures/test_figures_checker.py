"""Every number of an answer equals a cell of a logged result at its shown rounding, or is not verified."""

from decimal import Decimal

import pytest

from api.chat.figures.checker import NOT_VERIFIED, check_figures, mark_unverified
from tests.api.chat.figures.figure_results import POSITIONS, result_of


def verified(text: str, *results: object, **options: object) -> list[tuple[str, bool]]:
    figures = check_figures(text, results or [POSITIONS], **options)  # type: ignore[arg-type]
    return [(figure.text, figure.verified) for figure in figures]


@pytest.mark.parametrize(
    "shown",
    [
        "$1,234,567.89",
        "1,234,568",
        "$1.2 million",
        "$1.23M",
        "1.235 mn",
        "$1,235k",
        "US$1,234.6 thousand",
        "$0.001 bn",
        "1\u202f234\u202f567.9",
        "1\u00a0234\u00a0568",
        "1'234'568",
        "1.234.567,89",
        "1.23e6",
        "1.2346\u00d710^6",
        "1.2 x 10\u2076",
        "12.3 %",
        "12.35%",
        "12.34 %",  # half to even
        "12 percent",
        "12.3 percentage points",
        "12,35\u202f%",
        "1,235 bps",
        "1,234.5 basis points",
        "0.12",
        ".1235",
        "**0.123**",
        "`0.12345`",
        "-$5,123.40",
        "$-5,123.4",
        "($5,123.40)",
        "\u22125,123",
        "\u20135,123.4",
        "\u2212 5,123",
        "minus $5,123",
        "-5.1k",
        "63",
        "+812.5",
    ],
)
def test_a_true_figure_is_found_however_it_is_written(shown: str) -> None:
    bare = shown.strip("*`").removeprefix("minus ")
    assert verified(f"The figure is {shown}, as of yesterday.") == [(bare, True)]


@pytest.mark.parametrize(
    "shown",
    [
        "$1,234,567.88",
        "1,234,567",  # truncated, not rounded
        "$1.3 million",
        "$1.24M",
        "$1,234k",
        "12.4 %",
        "12.33 %",
        "1,236 bps",
        "0.13",
        "-$5,123.41",
        "5,123.40",  # the sign is missing
        "+5,123.40",
        "-812.5",
        "62",
        "63 %",  # a count is no percentage
        "$63",  # and no amount
        "2,025",  # no year
    ],
)
def test_a_false_figure_is_not(shown: str) -> None:
    assert verified(f"The figure is {shown}, as of yesterday.") == [(shown, False)]


@pytest.mark.parametrize(
    ("text", "is_true"),
    [
        ("AAPL lost $5,123.40.", True),
        ("AAPL is down 5,123.", True),
        ("a loss of $5,123.40", True),
        ("a $5,123.40 loss", True),
        ("AAPL gained $5,123.40.", False),
        ("It lost some time, but AAPL gained $5,123.40.", False),
        ("MMM gained $812.50.", True),
        ("MMM lost $812.50.", False),
        ("MMM fell by $812.50.", False),
        ("| MMM | (812.50) |", False),
        ("| AAPL | (5,123.40) |", True),
    ],
)
def test_words_of_direction_say_the_sign(text: str, is_true: bool) -> None:
    assert [known for _, known in verified(text)] == [is_true]


def test_a_loss_may_be_positive_where_its_column_or_row_names_a_loss() -> None:
    by_column = result_of(["max_drawdown"], [Decimal("0.181")])
    by_row = result_of(["metric", "value"], ["worst loss of a day", Decimal("0.181")])
    assert verified("You lost 18.1 %.", by_column) == [("18.1 %", True)]
    assert verified("You lost 18.1 %.", by_row) == [("18.1 %", True)]
    assert verified("You lost 18.1 %.", result_of(["gain"], [Decimal("0.181")])) == [("18.1 %", False)]


@pytest.mark.parametrize(
    "text",
    [
        "On 2025-09-12, September 12, 2025, 12 Sep 2025, the 12th of September, Sept. 12 and 9/12/2025",
        "In September 2025, Q3 2025, 2025Q3, H1, FY25, FY 2025, mid-2025, since 2019, the 1990s, (2024)",
        "at 16:00, 4 pm, 9:30 a.m., 2025-09-12T16:00:00Z, 2025-09-12 16:00:00+00:00",
        "1. First\n2) second\n  3. third\n**4.** fourth\n## 5. Fifth\n(6) sixth",
        "the 90-day beta, over 63 sessions, the last 21 trading days, 252 sessions, a 12-month window",
        "the 95 % VaR, 1-day 99% value at risk, VaR (95 %), ES at 97.5 %, VaR 95, 95th percentile",
        "the S&P 500, Russell 2000, Nasdaq-100, a 10-K, 13F, 401(k), COVID-19, 2s10s, BRK.B, H2O",
        "AAPL250919C00150000 and SPY   251219P00450000",
        "`select count(*) from x limit 5` and ```sql\nselect 5\n```",
        "[docs](https://example.org/a/7?b=8) [1] [^2] https://example.org/9 someone4@example.org R^2",
        "3f1b6c1e-8f7a-4a52-9d6e-0a1b2c3d4e5f [q3.r1.c2]",
        "the top 10, top three, the 3 largest, these two, two-sided, the first 5, the two largest",
        "| # | Name |\n|---|---|\n| 1 | a |\n| 2 | b |\n| 3 | c |",
        "your 3M Company shares, scenario 4, step 2, #3, your 2nd largest",
    ],
)
def test_what_is_no_figure_is_exempt(text: str) -> None:
    assert verified(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "You hold 2025 positions.",
        "It fell for 37 sessions.",
        "Apple is 2,025 dollars.",
        "$2025",
        "2025 USD",
        "97 % of it",
        "3M",
        "37 sessions",
        "a 5-position portfolio",
        "| 4 | AAPL |\n| 9 | MMM |",
    ],
)
def test_what_looks_exempt_but_states_a_figure_is_not(text: str) -> None:
    assert False in [known for _, known in verified(text)]


def test_the_user_may_be_quoted() -> None:
    asked = "What if I sell 100 shares, or $1.5 million, or a tenth, 10 %?"
    text = "Selling 100 shares, $1,500,000 or 10 percent; 101 shares would be more."
    assert verified(text, allowed=[asked]) == [("101", False)]


def test_as_many_percent_as_the_user_wrote_without_a_unit_are_theirs() -> None:
    assert verified("A fall of 20 % is severe.", allowed=["What if the market falls by 20?"]) == []


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("What is my 10-day VaR?", "You lost $10 million."),
        ("What if I sell 10?", "You lost $10 million."),
        ("My 5 largest positions?", "You lost 5 % today."),
        ("How was 2024?", "You hold 2024 shares."),
        ("My 95 % VaR over the last 30 days?", "Your volatility is 30 %."),
    ],
)
def test_what_the_user_did_not_write_is_not_exempt(asked: str, text: str) -> None:
    assert False in [known for _, known in verified(text, allowed=[asked])]


def test_the_rows_of_a_complete_result_may_be_counted() -> None:
    (figure,) = check_figures("You hold two positions.", [POSITIONS])
    assert (figure.verified, figure.query_id, figure.row, figure.column) == (
        True,
        POSITIONS.query_id,
        0,
        "row count",
    )
    cut = result_of(["a"], ["x"], ["y"], truncated=True)
    assert verified("You hold two positions, 2 in all.", cut) == [("two", False), ("2", False)]


def test_a_list_may_be_announced() -> None:
    assert verified("Three risks:\n\n- one\n- another\n- a last") == []
    assert verified("Two funds:\n| a |\n|---|\n| x |\n| y |") == []
    assert verified("Four risks:\n- one\n- another\n- a last") == [("Four", False)]


def test_both_ends_of_a_range_have_the_unit_of_the_second() -> None:
    assert verified("2.5\u201312.3 %, from 2.5 to 12.3 %, 2.5-12.4 %") == [
        ("2.5", True),
        ("12.3 %", True),
        ("2.5", True),
        ("12.3 %", True),
        ("2.5", True),
        ("12.4 %", False),
    ]


def test_a_figure_says_where_it_is_from_preferring_the_last_result() -> None:
    earlier, later = result_of(["a", "b"], [1, 5], [2, 6]), result_of(["c"], [4], [9], [6])
    (figure,) = check_figures("It is 6.", [earlier, later])
    assert (figure.start, figure.query_id, figure.row, figure.column) == (6, later.query_id, 2, "c")
    (figure,) = check_figures("It is 5.", [earlier, later])
    assert (figure.query_id, figure.row, figure.column) == (earlier.query_id, 0, "b")


def test_a_json_text_is_searched_inside() -> None:
    body = '{"data": {"hhi": 1234.5, "weights": [{"weight": 0.31, "value": "12.34"}]}, "n": true}'
    result = result_of(["body"], [body])
    figures = check_figures("HHI 1,234.5, 31 % or $12.34; not 1 or $12.35", [result])
    assert [figure.column for figure in figures] == [
        "body.data.hhi",
        "body.data.weights[0].weight",
        "body.data.weights[0].value",
        "row count",
        None,
    ]


def test_cells_that_are_no_finite_numbers_equal_nothing() -> None:
    result = result_of(
        ["a"], [None], [True], ["n/a"], [Decimal("NaN")], [Decimal("Infinity")], [10**400], [""]
    )
    assert verified("1, 0.0, 12.5 % and 10", result) == [
        ("1", False),
        ("0.0", False),
        ("12.5 %", False),
        ("10", False),
    ]


def test_unverified_figures_are_marked_where_they_stand() -> None:
    text = "Worth $1.3 million (12.3 %), or 0.13."
    marked = mark_unverified(text, check_figures(text, [POSITIONS]))
    assert marked == f"Worth $1.3 million {NOT_VERIFIED} (12.3 %), or 0.13 {NOT_VERIFIED}."
    assert mark_unverified("It is 63.", check_figures("It is 63.", [POSITIONS])) == "It is 63."


def test_no_results_verify_nothing() -> None:
    assert verified("It is 5.", result_of([])) == [("5", False)]
    assert check_figures("No figures here.", []) == []
    assert [figure.verified for figure in check_figures("But 5 here.", [])] == [False]
