"""Where the return of the year to date came from: by segment against the benchmark, and by factor."""

from typing import Any, Final

from api.reports.model import Section, Table
from api.reports.reasons import in_words
from api.reports.tables import Facts, count, make_table, rate, statistic, text

TITLE = "Attribution"
DEFINITIONS: Final = (
    (
        "Allocation is the effect of other weights than the benchmark's, selection that of other positions, "
        "with what was traded (Brinson and Fachler, linked by Carino). Contributions add up to the "
        "time-weighted return, effects to its excess over the benchmark. The sectors of the benchmark are "
        "represented by funds; what these earn beside it is the benchmark residual."
    ),
    (
        "Factors: exposures of each close before times the moves of the factors; Specific is what they leave "
        "of public positions and options, Private what revaluations did. They add up to the return."
    ),
    "Tags may overlap: their contributions do not add up. A tag is compared with the whole benchmark.",
)
DIMENSIONS: Final = (
    ("sector", "By sector, year to date"),
    ("investment_class", "By investment class, year to date"),
    ("tag", "By tag, year to date"),
)


def attribution(facts: Facts) -> Section:
    """The segments by dimension, and the factors; available where the year to date has a return."""
    year = [row for row in facts.rows["report_returns"] if row["period"] == "YTD"]
    if not year or year[0]["time_weighted"] is None:
        code = year[0]["time_weighted_null_reason"] if year else None
        reason = in_words(code) if code else "no returns were published for the session"
        return Section("attribution", TITLE, reason=reason)
    rows = facts.rows["report_attribution"]
    segments = [
        _segments([row for row in rows if row["dimension"] == dimension], dimension, title)
        for dimension, title in DIMENSIONS
        if any(row["dimension"] == dimension for row in rows)
    ]
    return Section("attribution", TITLE, (*segments, _factors(facts)), DEFINITIONS)


def _segments(rows: list[Any], dimension: str, title: str) -> Table:
    reason = {"reason_in": "null_reason"}
    return make_table(
        "report_attribution",
        rows,
        name=f"by_{dimension}",
        title=title,
        key=("segment",),
        columns=(
            text("segment", "Segment"),
            count("sessions", "Sessions", "sessions"),
            rate("portfolio_weight", "Weight", **reason),
            rate("benchmark_weight", "In the benchmark", **reason),
            rate("contribution", "Contribution", **reason),
            rate("benchmark_return", "Benchmark's return", **reason),
            rate("allocation", "Allocation", **reason),
            rate("selection", "Selection", **reason),
            rate("effect", "Effect", **reason),
            rate("coverage", "Known", "fraction of sessions"),
        ),
    )


def _factors(facts: Facts) -> Table:
    reason = {"reason_in": "null_reason"}
    return make_table(
        "report_factor_attribution",
        facts.rows["report_factor_attribution"],
        name="by_factor",
        title="By factor, year to date",
        key=("factor",),
        columns=(
            text("factor", "Factor"),
            statistic("beta", "Average exposure", reason="it has none", **reason),
            rate("contribution", "Contribution", **reason),
            rate("coverage", "Known", "fraction of sessions"),
        ),
    )
