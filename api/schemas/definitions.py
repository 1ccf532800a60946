"""Response models of the definitions behind the analytics."""

from datetime import date

from api.schemas.common import ResponseModel, described


class FactorDefinition(ResponseModel):
    """A factor of a model."""

    model: str = described("The factor model.", "risk")
    factor: str = described("The factor.", "Value")
    proxy_symbol: str | None = described(
        "Symbol whose return, or series whose change, is the factor; null for a spread.", "VTV"
    )
    long_symbol: str | None = described("Long side of a spread; null otherwise.", None)
    short_symbol: str | None = described("Short side of a spread; null otherwise.", None)
    window_days: int = described("Sessions of the regression.", 90)
    min_observations: int = described("Minimum of observations for a beta.", 30)
    unit: str = described("Unit of the beta.", "return per unit of return")


class FactorDefinitions(ResponseModel):
    """The factors of the models."""

    total: int = described("Factors listed.", 20)
    models: list[str] = described("Models listed.", ["market", "rates", "risk"])
    factors: list[FactorDefinition]


class FactorCorrelation(ResponseModel):
    """A pair of factors."""

    factor_1: str = described("First factor, in alphabetical order.", "Growth")
    factor_2: str = described("Second factor.", "Momentum")
    correlation: float = described("Pearson correlation over the model's window.", 0.41)
    observations: int = described("Sessions that both have.", 252)
    is_collinear: bool = described("Whether it is beyond the method's threshold (0.8).", False)


class FactorCorrelations(ResponseModel):
    """Correlations of a model's factors."""

    available: bool = described("False when the model has no correlations on the session.", True)
    as_of_date: date = described("The session.", "2025-09-12")
    model: str = described("The factor model.", "risk")
    factors: list[str] = described("Its factors.", ["Growth", "Market"])
    correlations: list[FactorCorrelation]
    collinear: list[list[str]] = described("Pairs that are collinear.", [["Growth", "Value"]])


class ScenarioShock(ResponseModel):
    """The shock of one factor."""

    factor: str = described("The factor.", "Market")
    shock: float = described("A return, or the change of a yield, as a decimal.", -0.35)
    shock_basis: str = described(
        "total: the proxy's own move; beyond_market: the move beyond the market.", "total"
    )
    source: str | None = described("Where the shock comes from; null if not given.", None)


class ScenarioDefinition(ResponseModel):
    """A stress scenario."""

    id: str = described("Identifier, as in stress-test?scenarios=.", "market_crash_35")
    name: str = described("Name.", "Market Crash 35%")
    category: str | None = described("Category.", "market")
    severity: str | None = described("Severity.", "extreme")
    historical_period: str | None = described("The period it replays; null otherwise.", None)
    shocks: list[ScenarioShock]


class ScenarioDefinitions(ResponseModel):
    """The stress scenarios."""

    total: int = described("Scenarios listed.", 18)
    scenarios: list[ScenarioDefinition]
