"""Definitions behind the analytics: factors, their correlations, stress scenarios."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.dependencies import PrintableName, ResponderDep
from api.http.documentation import marts_responses
from api.queries import load_query
from api.schemas.definitions import FactorCorrelations, FactorDefinitions, ScenarioDefinitions

router = APIRouter(prefix="/data", tags=["Data"])

FACTOR_DEFINITIONS = load_query("factor_definitions")
FACTOR_CORRELATIONS = load_query("factor_correlations")
SCENARIO_DEFINITIONS = load_query("scenario_definitions")


@router.get(
    "/factors",
    summary="Factors of the models",
    response_model=FactorDefinitions,
    responses=marts_responses(),
)
async def factors(
    responder: ResponderDep,
    model: Annotated[PrintableName | None, Query(description="Only this model.")] = None,
) -> Response:
    """List the factors of each model: proxies, window in sessions, minimum of observations, unit."""
    return await responder.send(FACTOR_DEFINITIONS, {"model": model})


@router.get(
    "/factors/correlations",
    summary="Correlations of the factors",
    response_model=FactorCorrelations,
    responses=marts_responses(),
)
async def factor_correlations(
    responder: ResponderDep,
    model: Annotated[PrintableName, Query(description="The model whose factors are compared.")] = "risk",
) -> Response:
    """Show the correlations of a model's factors on the session, and the pairs that are collinear."""
    return await responder.send(FACTOR_CORRELATIONS, {"model": model})


@router.get(
    "/scenarios",
    summary="Stress scenarios",
    response_model=ScenarioDefinitions,
    responses=marts_responses(),
)
async def scenarios(
    responder: ResponderDep,
    category: Annotated[PrintableName | None, Query(description="Only this category.")] = None,
) -> Response:
    """List the stress scenarios with the shock of each factor."""
    return await responder.send(SCENARIO_DEFINITIONS, {"category": category})
