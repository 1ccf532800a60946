"""Common parts of the analytics: availability, session and data quality."""

from datetime import date
from typing import Literal
from uuid import UUID

from api.schemas.common import DataQuality, PriceNotice, PriceSource, ResponseModel, described

PORTFOLIO_ID = "6b1f7c1e-52f1-5f0a-9d6c-3f1d2a9b7c11"
POSITION_ID = "4a6f7f0e-6c0e-5c0b-8f57-2f7b8d3f9a21"

FactorModel = Literal["market", "provider", "rates", "bond", "spread", "risk"]
SectorWeights = dict[str, float]


class Metadata(ResponseModel):
    """Metadata of the figures."""

    price_source: PriceSource
    price_notice: PriceNotice


class ModelMetadata(Metadata):
    """Metadata of figures of factor models."""

    models: list[FactorModel] = described("The factor models that the betas are of.", ["market", "risk"])


class Analytic(ResponseModel):
    """Envelope of an analytic of one portfolio."""

    available: bool = described(
        "False when there are no figures: data_quality says why, and they are null or empty.", True
    )
    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    calculation_date: date | None = described(
        "The session of the figures; null when there are none (X-As-Of-Date returns the session).",
        "2025-09-12",
    )
    data_quality: DataQuality


class AggregateMetadata(Metadata):
    """Metadata of the figures of several portfolios."""

    portfolio_count: int = described("Portfolios included: those that have begun.", 2)


class Aggregate(ResponseModel):
    """Envelope of an analytic over several portfolios."""

    available: bool = described(
        "False when there are no figures: data_quality says why, and they are null or empty.", True
    )
    portfolio_ids: list[UUID] = described("The portfolios that have begun by the session.", [PORTFOLIO_ID])
    portfolio_count: int = described("How many these are.", 2)
    calculation_date: date | None = described(
        "The session of the figures; null when there are none (X-As-Of-Date returns the session).",
        "2025-09-12",
    )
    data_quality: DataQuality
