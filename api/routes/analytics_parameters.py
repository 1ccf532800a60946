"""Parameters that several analytics take."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints

from api.dependencies import ChosenAtCommas
from api.http.limits import DEFAULT_MATRIX_SYMBOLS, MAX_MATRIX_SYMBOLS, MAX_SELECTED

Name = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]

Symbols = Annotated[
    Annotated[list[Name], Field(max_length=MAX_SELECTED)] | None,
    ChosenAtCommas,
    Query(
        description="Only these symbols (an option also by its underlying), with commas or repeated.",
        examples=[["AAPL"]],
    ),
]

MaxSymbols = Annotated[
    int,
    Query(
        ge=2,
        le=MAX_MATRIX_SYMBOLS,
        description="Symbols at most, the largest by gross exposure.",
        examples=[DEFAULT_MATRIX_SYMBOLS],
    ),
]

Scenarios = Annotated[
    Annotated[list[Name], Field(max_length=MAX_SELECTED)] | None,
    ChosenAtCommas,
    Query(
        description="Ids of scenarios, with commas or repeated. Default: all.",
        examples=[["market_down_10"]],
    ),
]

ImpactType = Annotated[
    Literal["direct", "correlated"],
    Query(description="What `impact` shows and the order is by; both are in the answer."),
]

PortfolioIds = Annotated[
    Annotated[list[UUID], Field(max_length=MAX_SELECTED)] | None,
    ChosenAtCommas,
    Query(
        description="Portfolios, with commas or repeated; each must be yours. Default: all of yours.",
    ),
]
