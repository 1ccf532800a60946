"""Portfolios as accounts, and what was put into them and taken out."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import AnswersOf, Limit, Offset
from api.http.documentation import marts_answers
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

CSV = "text/csv; charset=utf-8"
CSV_EXAMPLE = (
    "id,change_date,change_type,amount,notes,created_at\r\n"
    '9b1d7f40-2f7a-5d7e-8f5f-7d4a3c2b1e66,2025-07-15,CONTRIBUTION,25000.00,"Bonus",2025-07-16T08:00:00Z\r\n'
)


@router.get("", summary="The user's accounts", response_model=PortfolioAccounts, responses=marts_answers())
async def portfolio_accounts(answers: AnswersOf, limit: Limit = MAX_ROWS, offset: Offset = 0) -> Response:
    """List the portfolios that existed at the session's close with their totals, oldest first.

    Names and terms are today's, money is the session's.
    """
    parameters = {"portfolio_id": None, "limit": limit, "offset": offset}
    return await answers.send(PORTFOLIO_ACCOUNTS, parameters)


@router.get(
    "/{portfolio_id}",
    summary="One account",
    response_model=OnePortfolioAccount,
    responses=marts_answers(PortfolioNotFound),
)
async def portfolio_account(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Show one portfolio with its own fields, and as a list of one beside them."""
    parameters = {"portfolio_id": portfolio_id, "limit": 1, "offset": 0}
    return await answers.send(PORTFOLIO_ACCOUNTS, parameters, portfolio_id=portfolio_id)


@router.get(
    "/{portfolio_id}/equity-changes",
    summary="Contributions and withdrawals",
    response_model=EquityChanges,
    responses=marts_answers(PortfolioNotFound),
)
async def equity_changes(
    *,
    portfolio_id: UUID,
    answers: AnswersOf,
    page: Annotated[int, Query(ge=1, le=1_000_000, description="Which page, from 1.")] = 1,
    page_size: Annotated[int, Query(ge=1, le=MAX_ROWS, description="Changes in a page.")] = 50,
    limit: Annotated[
        int | None, Query(ge=1, le=MAX_ROWS, description="Another name of page_size, which it goes before.")
    ] = None,
    offset: Annotated[
        int | None,
        Query(ge=0, le=1_000_000, description="Changes to leave out from the start, instead of a page."),
    ] = None,
) -> Response:
    """List what was put into the portfolio and taken out up to the session, the newest first, by page.

    The initial equity is no contribution. One that was taken back is not shown.
    """
    size = limit or page_size
    skipped = (page - 1) * size if offset is None else offset
    parameters = {"portfolio_id": portfolio_id, "limit": size, "offset": skipped}
    return await answers.send(EQUITY_CHANGES, parameters, portfolio_id=portfolio_id)


@router.get(
    "/{portfolio_id}/equity-changes/summary",
    summary="Contributions and withdrawals, added up",
    response_model=EquityChangesSummary,
    responses=marts_answers(PortfolioNotFound),
)
async def equity_changes_summary(portfolio_id: UUID, answers: AnswersOf) -> Response:
    """Add up what was put in and taken out since inception, and in periods that end with the session."""
    return await answers.send(
        EQUITY_CHANGES_SUMMARY, {"portfolio_id": portfolio_id}, portfolio_id=portfolio_id
    )


@router.get(
    "/{portfolio_id}/equity-changes/export",
    summary="Contributions and withdrawals as a file",
    response_class=Response,
    responses=marts_answers(PortfolioNotFound, media_type="text/csv", example=CSV_EXAMPLE),
)
async def equity_changes_export(
    *,
    portfolio_id: UUID,
    answers: AnswersOf,
    format: Annotated[Literal["csv"], Query(description="The format: csv.")] = "csv",  # noqa: A002, ARG001 - the contract's name
) -> Response:
    """Give all contributions and withdrawals up to the session as CSV, the oldest first.

    Notes that begin like a spreadsheet's formula are led by an apostrophe.
    """
    return await answers.send(
        EQUITY_CHANGES_EXPORT,
        {"portfolio_id": portfolio_id},
        portfolio_id=portfolio_id,
        media_type=CSV,
        file_name="equity_changes.csv",
    )
