"""Factor exposures, and how they explain the variance."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.reports.model import Chart, Column, Kind, Section, Table
from api.reports.tables import (
    Facts,
    Row,
    make_table,
    money,
    quality_of,
    rate,
    statistic,
    text,
)

QUERY = "report_factors"
RATIO = {"reason_in": "ratio_null_reason"}
FEW = RATIO | {"reason": "no position has enough returns for it"}
NAMES = {
    ("market", "Market"): "Market Beta (90D)",
    ("bond", "IR Beta"): "IR Beta (TLT's return)",
    ("rates", "Interest Rate"): "Interest Rate (yield, 90D)",
    ("spread", "Growth-Value"): "Growth-Value Spread",
    ("spread", "Momentum"): "Momentum Spread",
    ("spread", "Size"): "Size Spread",
    ("spread", "Quality"): "Quality Spread",
}


def factors(facts: Facts) -> Section:
    """Exposures to the factors of the risk model, single regressions beside them, the variance split."""
    rows = [{**row, "name": _name(row)} for row in facts.rows[QUERY]]
    joint = [row for row in rows if row["model"] == "risk"]
    others = [row for row in rows if row["model"] != "risk"]
    quality = quality_of(joint[0] if joint else None)
    if not any(row["dollar_exposure"] is not None for row in rows):
        reason = quality.message if quality else "no factor exposures were published for the session"
        return Section("factors", "Factor exposures and variance", reason=reason, quality=quality)
    if any(row["dollar_exposure"] is not None for row in joint):
        tables = (_model(joint), *_split(facts), _single(others))
    else:
        tables = (_single(others),)  # they need fewer returns
    return Section("factors", "Factor exposures and variance", tables, quality=quality)


def _model(joint: Sequence[Mapping[str, Any]]) -> Table:
    return make_table(
        QUERY,
        joint,
        name="risk_model",
        title="Factors of the risk model",
        key=("name",),
        coverage=joint[0]["coverage"],
        note="All betas of a symbol are estimated together. Contributions add up to the systematic variance.",
        chart=Chart("bars", "name", ("beta",), error="std_error"),
        columns=(
            text("name", "Factor"),
            statistic("beta", "Beta", "see the unit of the factor", **RATIO),
            statistic("std_error", "Standard error", "as beta", **RATIO),
            money("dollar_exposure", "Exposure"),
            Column(
                "variance_contribution", "Variance contribution", Kind.VARIANCE, "per year",
                reason="the variance is unknown", **RATIO,
            ),
            rate("share_of_variance", "Share of variance", reason="the variance is unknown or 0", **RATIO),
            text("unit", "Unit of beta", reason="no unit is stated"),
        ),
    )  # fmt: skip


def _single(others: Sequence[Mapping[str, Any]]) -> Table:
    return make_table(
        QUERY,
        others,
        name="single_regressions",
        title="Betas of single regressions",
        key=("name",),
        note="Each model stands alone: these are not added to the factors of the risk model.",
        columns=(
            text("name", "Beta to"),
            statistic("beta", "Beta", "see the unit of the factor", **FEW),
            statistic("std_error", "Standard error", "as beta", **FEW),
            money("dollar_exposure", "Exposure", reason=FEW["reason"]),
            text("tilt", "Tilt", reason="only spreads have one"),
            rate("coverage", "Coverage", reason="nothing is covered"),
            text("unit", "Unit of beta", reason="no unit is stated"),
        ),
    )


def _split(facts: Facts) -> tuple[Table, ...]:
    row = facts.one("report_risk")
    if row is None:
        return ()
    ratio = {"reason_in": "ratio_null_reason", "reason": "the variance is unknown or 0"}
    table = make_table(
        "report_risk",
        [row],
        name="variance",
        title="Variance split",
        layout="facts",
        coverage=row["coverage"],
        columns=(
            rate("systematic_volatility", "Systematic volatility", "per year", **ratio),
            rate("idiosyncratic_volatility", "Idiosyncratic volatility", "per year", **ratio),
            rate("total_volatility", "Total volatility", "per year", **ratio),
            rate("systematic_share", "Systematic share of variance", **ratio),
        ),
    )
    return (table,)


def _name(row: Row) -> str:
    """A name that stands once: the models share names of factors."""
    return NAMES.get((row["model"], row["factor"])) or str(row["factor"])
