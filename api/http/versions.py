"""Whether the warehouse is of the API's version: a query may fail on another layout or on other models."""

import logging

import psycopg
from psycopg import errors as sql_errors
from psycopg_pool import PoolTimeout, TooManyRequests

from api.http.errors import NothingPublished, Problem, UpgradeNeeded
from api.queries import make_query
from api.services import Services
from warehouse.code_version import READ_STATE, CodeVersion, VersionState

STATE = make_query("warehouse_version", READ_STATE)

logger = logging.getLogger(__name__)


async def read_version(services: Services, code: CodeVersion) -> VersionState | None:
    """Compare the warehouse with the code; None where the login role may not read its record.

    Raises psycopg.OperationalError, PoolTimeout or TooManyRequests when the database cannot be reached.
    """
    try:
        async with services.operations.reading_without_user() as reading:
            row = await reading.one_row(STATE, {"mark": code.mark})
    except (NothingPublished, sql_errors.InsufficientPrivilege) as error:
        logger.warning("the version of the warehouse cannot be read: %s", error)
        return None
    return None if row is None else code.compare(*row)


async def explain_failure(services: Services, code: CodeVersion) -> Problem | None:
    """The problem behind an unexpected error, if something is published and is of another version."""
    try:
        state = await read_version(services, code)
    except (psycopg.OperationalError, PoolTimeout, TooManyRequests):
        return None
    if state is None or not state.is_published or state.is_current:
        return None
    return UpgradeNeeded(state.sentence)
