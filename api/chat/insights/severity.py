"""How severe what a briefing reports is: by rules on published figures, never by the model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from api.chat.insights.kinds import InsightType
from api.chat.insights.state import PortfolioState

Severity = Literal["info", "normal", "elevated", "warning", "critical"]
ORDER: Final[tuple[Severity, ...]] = get_args(Severity)

Measure = Callable[[PortfolioState], float | None]


@dataclass(frozen=True)
class Rule:
    """A measure, and from which value on it is how severe. kinds: the briefings that it counts for."""

    name: str
    kinds: frozenset[InsightType]
    measure: Measure
    levels: tuple[tuple[float, Severity], ...]

    def severity(self, state: PortfolioState) -> Severity | None:
        """The severity of the highest level that the measure reaches; None without the figure."""
        value = self.measure(state)
        if value is None:
            return None
        return max(
            (severity for level, severity in self.levels if value >= level), key=ORDER.index, default="normal"
        )


def _loss_over(loss: float | None, limit: float | None) -> float | None:
    """The loss of the session as a multiple of a value at risk."""
    return None if loss is None or limit is None or limit <= 0 else -loss / limit


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def _absolute(value: float | None) -> float | None:
    return None if value is None else abs(value)


def _zone(state: PortfolioState) -> float | None:
    """The zone of the backtest: 0 green, 1 yellow, 2 red."""
    if state.is_backtest_red is None:
        return None
    return 2.0 if state.is_backtest_red else float(bool(state.is_backtest_yellow))


def _of(*kinds: InsightType) -> frozenset[InsightType]:
    return frozenset((*kinds, "custom"))


RULES: Final = (
    Rule(
        "loss of the session over the value at risk (99 %) of the session before",
        _of("daily_summary", "volatility_analysis"),
        lambda state: _loss_over(state.session_pnl, state.earlier_var_99),
        ((1.0, "critical"),),
    ),
    Rule(
        "loss of the session over the value at risk (95 %) of the session before",
        _of("daily_summary", "volatility_analysis"),
        lambda state: _loss_over(state.session_pnl, state.earlier_var_95),
        ((1.0, "warning"),),
    ),
    Rule(
        "drawdown",
        _of("daily_summary"),
        lambda state: _negative(state.drawdown),
        ((0.1, "elevated"), (0.2, "warning"), (0.4, "critical")),
    ),
    Rule(
        "percentile of the 21-day volatility",
        _of("volatility_analysis"),
        lambda state: state.volatility_percentile,
        ((0.8, "elevated"), (0.95, "warning")),
    ),
    Rule(
        "value at risk (99 %, one day) over equity",
        _of("volatility_analysis", "hedge_quality"),
        lambda state: state.var_99_1d_pct_equity,
        ((0.04, "elevated"), (0.08, "warning"), (0.15, "critical")),
    ),
    Rule(
        "zone of the backtest (1 yellow, 2 red)",
        _of("volatility_analysis"),
        _zone,
        ((1.0, "elevated"), (2.0, "warning")),
    ),
    Rule(
        "share of the largest symbol in gross exposure",
        _of("concentration_risk"),
        lambda state: state.top_1_share,
        ((0.15, "elevated"), (0.25, "warning"), (0.5, "critical")),
    ),
    Rule(
        "diversification score",
        _of("concentration_risk"),
        lambda state: state.diversification_score,
        ((0.6, "elevated"), (0.8, "warning")),
    ),
    Rule(
        "gross exposure over equity",
        _of("hedge_quality"),
        lambda state: state.leverage,
        ((2.0, "elevated"), (3.0, "warning"), (6.0, "critical")),
    ),
    Rule(
        "absolute market beta",
        _of("factor_exposure", "hedge_quality"),
        lambda state: _absolute(state.market_beta),
        ((1.5, "elevated"), (2.0, "warning")),
    ),
    Rule(
        "strong style tilts",
        _of("factor_exposure"),
        lambda state: None if state.factors_flag is None else float(state.strong_tilts),
        ((1.0, "elevated"), (3.0, "warning")),
    ),
    Rule(
        "loss in the worst scenario over equity",
        _of("stress_test_review", "hedge_quality"),
        lambda state: _negative(state.worst_pct_equity),
        ((0.3, "elevated"), (0.5, "warning"), (1.0, "critical")),
    ),
)


def severity_of(kind: InsightType, state: PortfolioState) -> Severity:
    """The most severe that a rule of this kind finds; `info` if none has its figure.

    A portfolio whose equity is not positive is critical in every kind.
    """
    if state.equity is not None and state.equity <= 0:
        return "critical"
    return max(_found(kind, state), key=ORDER.index, default="info")


def _found(kind: InsightType, state: PortfolioState) -> Iterator[Severity]:
    for rule in RULES:
        found = rule.severity(state) if kind in rule.kinds else None
        if found is not None:
            yield found
