"""Base of all response models: fields with a description and an example."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

PriceSource = Annotated[
    Literal["loaded", "simulated"],
    Field(
        description="simulated if any price behind these numbers is, otherwise loaded (vendors, files).",
        examples=["simulated"],
    ),
]

PriceNotice = Annotated[
    str | None,
    Field(
        description="A sentence to display next to the numbers when prices are simulated, otherwise null.",
        examples=["Prices are simulated: they follow a seeded model, not the market."],
    ),
]


Decimal = Annotated[str, StringConstraints(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
"""A decimal number as text, so that clients do not round it."""


BETA_COVERAGE = (
    "Share of the gross market value of public and option positions that has such a beta; the rest counts as "
    "0 in it. It needs more returns than the other figures of risk; null without a beta."
)
PROVIDER_BETA_COVERAGE = (
    "Share of the gross market value of public and option positions, cash excluded, that has a provider's "
    "beta; null without a beta."
)


class ResponseModel(BaseModel):
    """Base of the response models. Fields may be added later: clients ignore unknown ones."""

    model_config = ConfigDict(extra="allow", frozen=True)


def described(description: str, example: Any) -> Any:
    """Make a field with its meaning (and unit) and an example."""
    return Field(description=description, examples=[example])


def deprecated(description: str, example: Any) -> Any:
    """Make a field that stays for one version next to the one that replaces it."""
    return Field(description=description, examples=[example], deprecated=True)


class DataQuality(ResponseModel):
    """How far the data supports an analytic."""

    flag: Literal[
        "full_history", "partially_covered", "limited_history", "no_public_positions", "no_factor_data"
    ] = described(
        "The first that applies: no_public_positions, no_factor_data, partially_covered (less than 95 % of "
        "gross market value or of equity is measured), limited_history, full_history.",
        "full_history",
    )
    message: str = described(
        "A sentence for users; says so when prices are simulated.",
        "16 of 16 positions are valued at a price of 2025-09-12.",
    )
    positions_analyzed: int = described("Positions that the numbers cover.", 16)
    positions_total: int = described("Open positions of the portfolio.", 16)
    positions_skipped: int = described("Positions omitted from the numbers.", 0)
    data_days: int = described("Sessions of data behind the numbers.", 53)
    coverage_of_equity: float | None = described(
        "Share of equity not held in positions that are not measured, private ones included; cash counts as"
        " measured. 0 if nothing is measured, null if equity is not positive.",
        1.0,
    )
    positions_not_measured: list[str] = described(
        "Symbols of positions that are not measured, the largest first, at most ten.", []
    )
