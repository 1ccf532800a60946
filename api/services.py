"""The services of the running app: the connection pools and what is built on them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from api.auth.login_attempts import LoginAttempts
from api.auth.passwords import PasswordChecker
from api.auth.sessions import Sessions
from api.auth.tokens import Tokens
from api.auth.users import Users
from api.http.limits import AUTH_POOL_SIZE, POOL_SIZE
from api.marts.lineage import Lineage
from api.marts.reader import Pool, Reader, make_pool
from warehouse.connections import open_warehouse
from warehouse.settings import Settings


@dataclass(frozen=True)
class Services:
    """The services that routes use.

    reader: the marts, as sigmasight_api. operations: the tables of ops that sigmasight_auth may read.
    """

    settings: Settings
    pools: tuple[Pool, ...]

    reader: Reader
    operations: Reader
    users: Users
    passwords: PasswordChecker
    tokens: Tokens
    sessions: Sessions
    attempts: LoginAttempts
    lineage: Lineage


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open both pools for the duration of the context.

    Starts the embedded server if that is the warehouse. The pools survive outages; requests during an outage
    get an error. Raises what open_warehouse raises.
    """
    reader_url, auth_url = await asyncio.to_thread(_reader_urls, settings)
    tokens = Tokens(
        secret_key=settings.signing_key(),
        lifetime=timedelta(minutes=settings.access_token_minutes),
        session_lifetime=timedelta(days=settings.session_days),
    )
    async with (
        make_pool(reader_url, name="api", size=POOL_SIZE) as reader_pool,
        make_pool(auth_url, name="auth", size=AUTH_POOL_SIZE) as auth_pool,
    ):
        users = Users(auth_pool)
        yield Services(
            settings=settings,
            pools=(reader_pool, auth_pool),
            reader=Reader(reader_pool),
            operations=Reader(auth_pool),
            users=users,
            passwords=PasswordChecker(),
            tokens=tokens,
            sessions=Sessions(auth_pool, tokens, users),
            attempts=LoginAttempts(
                per_address=settings.login_attempts_per_address,
                per_account=settings.login_attempts_per_account,
            ),
            lineage=Lineage(settings.manifest_path),
        )


def _reader_urls(settings: Settings) -> tuple[str, str]:
    """Return the URLs for reading the marts and the users.

    If both URLs are set, the API needs no other privileges on the server, and creates nothing there.
    """
    if settings.api_database_url and settings.auth_database_url:
        return settings.api_database_url, settings.auth_database_url
    warehouse = open_warehouse(settings)
    return warehouse.api_url, warehouse.auth_url
