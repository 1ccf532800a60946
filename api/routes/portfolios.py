"""Portfolios as accounts, and their contributions and withdrawals."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import IsoDate, Limit, Offset, ResponderDep
from api.http.documentation import marts_responses
from api.http.errors import PortfolioNotFound
from api.http.limits import MAX_ROWS
from api.queries import load_query
from api.schemas.equity_changes import EquityChanges, EquityChangesSummary
from api.schemas.portfolios import OnePortfolioAccount, PortfolioAccounts

router = APIRouter(prefix="/portfolios", tags=["Data"])

PORTFOLIO_ACCOUNTS = load_query("portfolio_accounts")
EQUITY_CHANGES = load_query("equity_changes")
EQUITY_CHANGES_SUMMARY = load_query("equity_changes_summary")
EQUITY_CHANGES_EXPORT = load_query("equity_changes_export")

StartDate = Annotated[IsoDate | None, Query(description="Only changes from this day on, YYYY-MM-DD.")]
EndDate = Annotated[IsoDate | None, Query(description="Only changes up to this day, YYYY-MM-DD.")]

CSV = "text/csv; charset=utf-8"
CSV_EXAMPLE = (
    "id,change_date,change_type,amount,notes,created_at\r\n"
    '9b1d7f40-2f7a-5d7e-8f5f-7d4a3c2b1e66,2025-07-15,CONTRIBUTION,25000.00,"Bonus",2025-07-16T08:00:00Z\r\n'
)


@router.get("", summary="The user's accounts", response_model=PortfolioAccounts, responses=marts_responses())
async def portfolio_accounts(
    responder: ResponderDep, limit: Limit = MAX_ROWS, offset: Offset = 0
) -> Response:
    """List the portfolios that existed at the session's close with their totals, oldest first.

    Names and terms are the current ones; amounts are of the session.
    """
    parameters = {"portfolio_id": None, "limit": limit, "offset": offset}
    return await responder.send(PORTFOLIO_ACCOUNTS, parameters)


@router.get(
    "/{portfolio_id}",
    summary="One account",
    response_model=OnePortfolioAccount,
    responses=marts_responses(PortfolioNotFound),
)
async def portfolio_account(portfolio_id: UUID, responder: ResponderDep) -> Response:
    """Show one portfolio: its own fields, and the list with only this one."""
    parameters = {"portfolio_id": portfolio_id, "limit": 1, "offset": 0}
    return await responder.send(PORTFOLIO_ACCOUNTS, parameters, portfolio_id=portfolio_id)


@router.get(
    "/{portfolio_id}/equity-changes",
    summary="Contributions and withdrawals",
    response_model=EquityChanges,
    responses=marts_responses(PortfolioNotFound),
)
async def equity_changes(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    page: Annotated[int, Query(ge=1, le=1_000_000, description="Page number, from 1.")] = 1,
    page_size: Annotated[int, Query(ge=1, le=MAX_ROWS, description="Changes per page.")] = 50,
    limit: Annotated[
        int | None, Query(ge=1, le=MAX_ROWS, description="Alias of page_size; takes precedence over it.")
    ] = None,
    offset: Annotated[
        int | None,
        Query(ge=0, le=1_000_000, description="Changes to skip from the start, instead of a page."),
    ] = None,
    start_date: StartDate = None,
    end_date: EndDate = None,
) -> Response:
    """List contributions and withdrawals up to the session, newest first, by page.

    The initial equity is not a contribution. A change that was removed later is not shown.
    """
    size = limit or page_size
    skipped = (page - 1) * size if offset is None else offset
    parameters = {
        "portfolio_id": portfolio_id,
        "start_date": start_date,
        "end_date": end_date,
        "limit": size,
        "offset": skipped,
    }
    return await responder.send(EQUITY_CHANGES, parameters, portfolio_id=portfolio_id)


@router.get(
    "/{portfolio_id}/equity-changes/summary",
    summary="Totals of contributions and withdrawals",
    response_model=EquityChangesSummary,
    responses=marts_responses(PortfolioNotFound),
)
async def equity_changes_summary(
    *, portfolio_id: UUID, responder: ResponderDep, start_date: StartDate = None, end_date: EndDate = None
) -> Response:
    """Sum contributions and withdrawals since inception, and over periods that end with the session."""
    parameters = {"portfolio_id": portfolio_id, "start_date": start_date, "end_date": end_date}
    return await responder.send(EQUITY_CHANGES_SUMMARY, parameters, portfolio_id=portfolio_id)


@router.get(
    "/{portfolio_id}/equity-changes/export",
    summary="Contributions and withdrawals as a file",
    response_class=Response,
    responses=marts_responses(PortfolioNotFound, media_type="text/csv", example=CSV_EXAMPLE),
)
async def equity_changes_export(
    *,
    portfolio_id: UUID,
    responder: ResponderDep,
    start_date: StartDate = None,
    end_date: EndDate = None,
    format: Annotated[Literal["csv"], Query(description="The format: csv.")] = "csv",  # noqa: A002, ARG001 - the contract's name
) -> Response:
    """Return all contributions and withdrawals up to the session as CSV, oldest first.

    Notes that begin like a spreadsheet formula are prefixed with an apostrophe.
    """
    return await responder.send(
        EQUITY_CHANGES_EXPORT,
        {"portfolio_id": portfolio_id, "start_date": start_date, "end_date": end_date},
        portfolio_id=portfolio_id,
        media_type=CSV,
        file_name="equity_changes.csv",
    )
