"""The Greeks of the portfolio and of its options."""

from api.reports.model import Section
from api.reports.reasons import in_words
from api.reports.tables import (
    Facts,
    count,
    day,
    greek,
    make_table,
    money,
    price,
    quantity,
    rate,
    text,
)

UNITS = (
    ("delta", "Delta", "shares"),
    ("gamma", "Gamma", "per USD"),
    ("theta", "Theta", "USD per calendar day"),
    ("vega", "Vega", "USD per volatility point"),
    ("rho", "Rho", "USD per rate point"),
)
NULL = {"reason_in": "null_reason"}


def greeks(facts: Facts) -> Section:
    """The Greeks; available where the portfolio has them."""
    row, options = facts.one("report_greeks"), facts.rows["report_option_greeks"]
    title = "Greeks"
    if row is None or row["delta"] is None:
        code = row["null_reason"] if row else None
        reason = in_words(code) if code else "no Greeks were published for the session"
        return Section("greeks", title, reason=reason)
    total = make_table(
        "report_greeks",
        [row],
        name="portfolio",
        title="Greeks of the portfolio",
        layout="facts",
        note="Shares count with a delta of one each. Options without Greeks are left out and counted.",
        columns=(
            *(greek(*each, **NULL) for each in UNITS),
            money("delta_dollars", "Delta in dollars", **NULL),
            greek("gamma_dollars_1pct", "Gamma for a move of 1 %", "USD per percent", **NULL),
            count("option_count", "Options"),
            count("options_without_greeks", "Options without Greeks"),
        ),
    )
    by_position = make_table(
        "report_option_greeks",
        options,
        name="options",
        title="Greeks of the option positions",
        key=("symbol",),
        columns=(
            text("symbol", "Contract"),
            text("position_type", "Type"),
            quantity("quantity"),
            price("strike_price", "Strike"),
            day("expiration_date", "Expiration"),
            text("exercise", "Exercise"),
            rate("implied_volatility", "Implied volatility", "per year", **NULL),
            text("iv_source", "Source", **NULL),
            *(greek(f"position_{name}", label, unit, **NULL) for name, label, unit in UNITS),
        ),
    )
    none_held = ("The portfolio holds no options on the session.",)
    return Section(
        "greeks", title, (total, by_position) if options else (total,), () if options else none_held
    )
