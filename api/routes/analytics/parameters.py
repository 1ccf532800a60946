"""Parameters shared by several analytics."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints

from api.dependencies import SplitCommasOrNone
from api.http.limits import DEFAULT_MATRIX_SYMBOLS, MAX_MATRIX_SYMBOLS, MAX_SELECTED

Name = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]

Symbols = Annotated[
    Annotated[list[Name], Field(max_length=MAX_SELECTED)] | None,
    SplitCommasOrNone,
    Query(
        description="Only these symbols (an option also by its underlying), comma-separated or repeated.",
        examples=[["AAPL"]],
    ),
]

MaxSymbols = Annotated[
    int,
    Query(
        ge=2,
        le=MAX_MATRIX_SYMBOLS,
        description="Maximum number of symbols: the largest by gross exposure.",
        examples=[DEFAULT_MATRIX_SYMBOLS],
    ),
]

Scenarios = Annotated[
    Annotated[list[Name], Field(max_length=MAX_SELECTED)] | None,
    SplitCommasOrNone,
    Query(
        description="Ids of scenarios, comma-separated or repeated. Default: all.",
        examples=[["market_down_10"]],
    ),
]

Scenario = Annotated[
    Name | None,
    Query(description="Id of a scenario. Default: the worst of the session.", examples=["market_down_10"]),
]

ImpactType = Annotated[
    Literal["direct", "correlated"],
    Query(description="Which impact is in `impact` and sorts the scenarios; both are returned."),
]

PortfolioIds = Annotated[
    Annotated[list[UUID], Field(max_length=MAX_SELECTED)] | None,
    SplitCommasOrNone,
    Query(
        description="Portfolio ids, comma-separated or repeated; each must be yours. Default: all of yours.",
    ),
]
