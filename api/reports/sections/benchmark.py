"""Risk against the benchmark: ex post, ex ante, and what makes the tracking error."""

from api.reports.model import Section, Table
from api.reports.tables import Facts, Row, count, make_table, quality_of, rate, ratio, statistic, text

TITLE = "Risk against the benchmark"


def benchmark(facts: Facts) -> Section:
    """Tracking error, beta, captures and information ratio; available if one tracking error is known."""
    row = facts.one("report_benchmark_risk")
    quality = quality_of(row)
    if row is None or (row["tracking_error_ex_post"] is None and row["tracking_error_ex_ante"] is None):
        reason = quality.message if quality else "nothing of it was published for the session"
        return Section("benchmark", TITLE, reason=reason, quality=quality)
    return Section("benchmark", TITLE, (_earned(row), _held(row), *_parts(facts, row)), quality=quality)


def _earned(row: Row) -> Table:
    few = {"reason_in": "ex_post_null_reason"}
    return make_table(
        "report_benchmark_risk",
        [row],
        name="ex_post",
        title="By daily returns, of at most 252 sessions",
        layout="facts",
        coverage=row["session_coverage"],
        note="Each session is compared with the benchmark in force on it.",
        columns=(
            text("benchmark_symbol", "Benchmark"),
            statistic("beta", "Beta", reason_in="beta_null_reason"),
            ratio("up_capture", "Up capture", reason_in="up_capture_null_reason"),
            ratio("down_capture", "Down capture", reason_in="down_capture_null_reason"),
            rate("tracking_error_ex_post", "Tracking error", "per year", **few),
            rate("active_return", "Active return, arithmetic", "per year", **few),
            ratio("information_ratio", "Information ratio", reason_in="information_ratio_null_reason"),
            count("sessions", "Sessions", "sessions"),
        ),
    )


def _held(row: Row) -> Table:
    reason = {"reason_in": "ex_ante_null_reason"}
    no_betas = {"reason": "the benchmark has too few returns for betas"}
    return make_table(
        "report_benchmark_risk",
        [row],
        name="ex_ante",
        title="By the risk model, of the holdings at the close",
        layout="facts",
        coverage=row["coverage"],
        note="What is not measured, private holdings included, counts as cash.",
        columns=(
            rate("tracking_error_ex_ante", "Tracking error", "per year", **reason),
            rate("tracking_error_factors", "From the factors", "per year", **reason),
            rate("tracking_error_specific", "Specific to symbols", "per year", **reason),
            statistic("beta_ex_ante", "Beta", **reason),
            rate("benchmark_volatility", "Volatility of the benchmark", "per year", **no_betas),
            rate("benchmark_specific_volatility", "Its specific part", "per year", **no_betas),
        ),
    )


def _parts(facts: Facts, row: Row) -> tuple[Table, ...]:
    """By factor and by symbol; nothing without a tracking error ex ante."""
    tables = []
    for part_of, title, column, unit in (
        ("factor", "Factor", statistic, "beta"),
        ("symbol", "Symbol", rate, "of equity"),
    ):
        rows = [one for one in facts.rows["report_active_risk"] if one["part_of"] == part_of]
        if row["tracking_error_ex_ante"] is None or not rows:
            continue
        reason = {"reason_in": "null_reason", "reason": "what the factors leave has no exposure"}
        table = make_table(
            "report_active_risk",
            rows,
            name=f"by_{part_of}",
            title=f"Contributions to the tracking error by {part_of}",
            key=("part_of", "part"),
            coverage=row["coverage"],
            note="They add up to the tracking error of the risk model; a negative one lowers it.",
            columns=(
                text("part", title),
                column("portfolio_exposure", "Portfolio", unit, **reason),
                column("benchmark_exposure", "Benchmark", unit, **reason),
                column("active_exposure", "Active", unit, **reason),
                rate("contribution", "Contribution", "per year", **reason),
                rate("share", "Share", **reason),
            ),
        )
        tables.append(table)
    return tuple(tables)
