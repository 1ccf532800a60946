"""American options by QuantLib, the second implementation: its own boundary solver at its highest precision.

A term of any length is one year of 365 days with the rates and the variance of the whole term.
"""

import QuantLib

from python_models.options.american.puts import Contracts

TODAY = QuantLib.Date(1, 1, 2024)
SCHEMES = {
    "fast": QuantLib.QdFpAmericanEngine.fastScheme,
    "accurate": QuantLib.QdFpAmericanEngine.accurateScheme,
    "high": QuantLib.QdFpAmericanEngine.highPrecisionScheme,
}


def quantlib_prices(contracts: Contracts, spots: list[float], scheme: str = "accurate") -> list[float]:
    """Prices, one per contract and its spot."""
    return [option.NPV() for option in quantlib_options(contracts, spots, scheme)]


def quantlib_options(contracts: Contracts, spots: list[float], scheme: str) -> list[QuantLib.VanillaOption]:
    """Options with their engine, one per contract and its spot."""
    columns = (column.tolist() for column in contracts)
    return [
        _option(is_call, spot, *terms, scheme=scheme)
        for spot, is_call, *terms in zip(spots, *columns, strict=True)
    ]


def _option(  # noqa: PLR0917  # the usual order
    is_call: bool,
    spot: float,
    strike: float,
    years: float,
    rate: float,
    dividend_yield: float,
    volatility: float,
    *,
    scheme: str,
) -> QuantLib.VanillaOption:
    QuantLib.Settings.instance().evaluationDate = TODAY
    days = QuantLib.Actual365Fixed()
    process = QuantLib.BlackScholesMertonProcess(
        QuantLib.QuoteHandle(QuantLib.SimpleQuote(spot)),
        QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(TODAY, dividend_yield * years, days)),
        QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(TODAY, rate * years, days)),
        QuantLib.BlackVolTermStructureHandle(
            QuantLib.BlackConstantVol(TODAY, QuantLib.NullCalendar(), volatility * years**0.5, days)
        ),
    )
    payoff = QuantLib.PlainVanillaPayoff(QuantLib.Option.Call if is_call else QuantLib.Option.Put, strike)
    option = QuantLib.VanillaOption(payoff, QuantLib.AmericanExercise(TODAY, TODAY + 365))
    option.setPricingEngine(QuantLib.QdFpAmericanEngine(process, SCHEMES[scheme]()))
    return option
