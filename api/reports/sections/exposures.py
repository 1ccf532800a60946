"""Exposures at market, at cost and delta-adjusted; by sector, class, type and tag; concentration."""

from api.reports.model import Chart, Section
from api.reports.tables import Facts, count, make_table, money, rate, ratio, text

DIMENSIONS = {
    "sector": "By sector",
    "investment_class": "By class",
    "position_type": "By position type",
    "tag": "By tag",
}
SIDES = (
    ("long_exposure", "Long"),
    ("short_exposure", "Short"),
    ("gross_exposure", "Gross"),
    ("net_exposure", "Net"),
)


def exposures(facts: Facts) -> Section:
    """Exposures; always available."""
    rows = facts.rows["report_exposures"]
    measures = make_table(
        "report_exposures",
        rows,
        name="measures",
        title="Exposures",
        key=("measure",),
        note="Cash and money-market funds are outside at market and delta-adjusted, inside at cost.",
        columns=(text("measure", "Measure"), *(money(*side, reason_in="null_reason") for side in SIDES)),
    )
    concentration = make_table(
        "report_portfolio",
        [facts.head],
        name="concentration",
        title="Concentration by symbol",
        layout="facts",
        columns=(
            ratio("hhi", "Herfindahl index, 0 to 1", "index", reason="there is no gross exposure"),
            ratio("effective_names", "Effective number of symbols", reason="there is no gross exposure"),
            *(
                rate(
                    f"top_{count}_share",
                    f"Largest {count}",
                    "share of gross",
                    reason="there is no gross exposure",
                )
                for count in (1, 3, 5, 10)
            ),
        ),
    )
    groups = [
        make_table(
            "report_exposure_groups",
            [row for row in facts.rows["report_exposure_groups"] if row["dimension"] == dimension],
            name=f"by_{dimension}",
            title=title,
            key=("bucket",),
            note="A position counts in each of its tags: tags do not add up." if dimension == "tag" else None,
            chart=Chart("bars", "bucket", ("net_exposure",)) if dimension == "sector" else None,
            columns=(
                text("bucket", "Group"),
                *(money(*side) for side in SIDES),
                money("delta_adjusted_exposure", "Delta-adjusted", reason_in="delta_adjusted_null_reason"),
                rate("share_of_gross", "Share of gross", reason="there is no gross exposure"),
                count("position_count", "Positions"),
            ),
        )
        for dimension, title in DIMENSIONS.items()
    ]
    return Section(
        "exposures", "Exposures", (measures, concentration, *(each for each in groups if each.rows))
    )
