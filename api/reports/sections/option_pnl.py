"""What the options earned, explained by their Greeks."""

from api.reports.model import Column, Section, Table
from api.reports.tables import Facts, count, day, make_table, money, rate, text

TITLE = "P&L of options by Greeks"
DEFINITIONS = (
    (
        "Greeks of the close before times the moves of the session: of the underlying, its square, calendar "
        "days, implied volatility and rate. Trades is what entries and exits at another price than the close "
        "earned. The residual is the rest, and all terms add up to the P&L."
    ),
)
TERMS = (
    ("delta_pnl", "Delta"),
    ("gamma_pnl", "Gamma"),
    ("theta_pnl", "Theta"),
    ("vega_pnl", "Vega"),
    ("rho_pnl", "Rho"),
    ("residual", "Residual"),
)


def option_pnl(facts: Facts) -> Section:
    """The terms by period and by position; available where options were held."""
    if not facts.rows["report_option_pnl"]:
        return Section("option_pnl", TITLE, reason="the portfolio has held no options")
    return Section("option_pnl", TITLE, (_periods(facts), *_positions(facts)), DEFINITIONS)


def _terms() -> tuple[Column, ...]:
    return (
        money("pnl", "P&L"),
        money("trade_pnl", "Trades"),
        *(money(name, label, reason_in="null_reason") for name, label in TERMS),
        money("unexplained_pnl", "Not explained"),
    )


def _periods(facts: Facts) -> Table:
    return make_table(
        "report_option_pnl",
        facts.rows["report_option_pnl"],
        name="periods",
        title="P&L of the options by period",
        key=("period",),
        columns=(
            text("period", "Period"),
            day("from_date", "From"),
            count("position_count", "Positions"),
            *_terms(),
            rate("coverage", "Explained", "fraction of sessions"),
        ),
    )


def _positions(facts: Facts) -> tuple[Table, ...]:
    rows = facts.rows["report_option_pnl_positions"]
    if not rows:
        return ()
    positions = make_table(
        "report_option_pnl_positions",
        rows,
        name="positions",
        title="P&L of each option in the year to date",
        key=("symbol",),
        columns=(
            text("symbol", "Contract"),
            text("position_type", "Type"),
            count("sessions", "Sessions", "sessions"),
            *_terms(),
        ),
    )
    return (positions,)
