"""Correlation and diversification."""

from itertools import chain
from typing import Any

from api.reports.model import Chart, Section, Table
from api.reports.tables import (
    Facts,
    Row,
    count,
    make_table,
    quality_of,
    rate,
    ratio,
    statistic,
    text,
)

TITLE = "Correlation and diversification"
PAIRS = "report_correlation_pairs"
UNKNOWN = {"reason": "too few common sessions are known"}


def correlation(facts: Facts) -> Section:
    """How the portfolio's symbols move together."""
    row = facts.one("report_correlation")
    quality = quality_of(row)
    if row is None or row["mean_correlation"] is None:
        reason = quality.message if quality else "no correlations were published for the session"
        return Section("correlation", TITLE, reason=reason, quality=quality)
    total = make_table(
        "report_correlation",
        [row],
        name="portfolio",
        title="Diversification of the portfolio",
        layout="facts",
        columns=(
            statistic("mean_correlation", "Mean pairwise correlation", "correlation"),
            statistic("diversification_score", "Diversification score, 0 unrelated to 1 the same", **UNKNOWN),
            ratio("effective_bets", "Effective bets", **UNKNOWN),
            count("cluster_count", "Clusters", **UNKNOWN),
            count("symbols_included", "Symbols included"),
            count("symbols_excluded", "Symbols excluded"),
            count("window_days", "Window", "sessions"),
        ),
    )
    return Section("correlation", TITLE, (total, *_matrix(facts), *_clusters(facts)), quality=quality)


def _matrix(facts: Facts) -> tuple[Table, ...]:
    pairs = facts.rows[PAIRS]
    if not pairs:
        return ()
    symbols = list(dict.fromkeys(chain.from_iterable((row["symbol_1"], row["symbol_2"]) for row in pairs)))
    table = make_table(
        PAIRS,
        _square(pairs, symbols),
        name="matrix",
        title="Correlations of the largest symbols",
        key=("symbol",),
        chart=Chart("heat", "symbol", tuple(symbols)),
        columns=(
            text("symbol", "Symbol"),
            *(statistic(symbol, symbol, "correlation", **UNKNOWN) for symbol in symbols),
        ),
    )
    return (table,)


def _square(pairs: tuple[Row, ...], symbols: list[str]) -> list[dict[str, Any]]:
    known = {(row["symbol_1"], row["symbol_2"]): row["correlation"] for row in pairs}
    both = {**known, **{(second, first): value for (first, second), value in known.items()}}
    return [
        {"symbol": one} | {other: 1.0 if one == other else both.get((one, other)) for other in symbols}
        for one in symbols
    ]


def _clusters(facts: Facts) -> tuple[Table, ...]:
    rows = facts.rows["report_correlation_clusters"]
    if not rows:
        return ()
    table = make_table(
        "report_correlation_clusters",
        rows,
        name="clusters",
        title="Clusters of symbols that move together",
        key=("symbols",),
        note="Connected by correlations of at least 0.7 in absolute value.",
        columns=(
            text("symbols", "Symbols"),
            count("symbol_count", "Count"),
            statistic("average_correlation", "Average correlation", "correlation", **UNKNOWN),
            rate("gross_share", "Share of gross", **UNKNOWN),
        ),
    )
    return (table,)
