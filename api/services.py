"""The services of the running app: the connection pools and what is built on them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from api.auth.login_attempts import LoginAttempts
from api.auth.passwords import PasswordChecker
from api.auth.sessions import Sessions
from api.auth.tokens import Tokens
from api.auth.users import Users
from api.chat.insights.service import Insights
from api.chat.service import open_chat
from api.chat.sql.executor import ChatReader
from api.chat.sql.pool import make_chat_pool
from api.chat.store.database import ChatStore
from api.chat.turn.turn import Chat
from api.embedded_watch import embedded_server_watched
from api.http.limits import AUTH_POOL_SIZE, RECORD_WAIT
from api.http.rates import NoTurnError, Turns
from api.marts.lineage import Lineage
from api.marts.queueing_pool import QueueingPool
from api.marts.reader import Reader, make_pool
from api.reports.renderer import ReportRenderer
from warehouse.connections import CHAT, open_warehouse
from warehouse.settings import Settings
from warehouse.urls import make_url, url_parts


@dataclass(frozen=True)
class Services:
    """The services that routes use. pools: those that are open.

    reader: the marts, as sigmasight_api. operations: the tables of ops that sigmasight_auth may read.
    store: the chat's own database, opened by the first request that needs it. chat_reader: the marts, as
    sigmasight_chat; connects when it is first used. chat: answers questions. insights: writes briefings.
    reports: renders reports. records: turns of users to read what may be all of their chat's record.
    """

    settings: Settings
    pools: Callable[[], tuple[QueueingPool, ...]]

    reader: Reader
    operations: Reader
    users: Users
    passwords: PasswordChecker
    tokens: Tokens
    sessions: Sessions
    attempts: LoginAttempts
    lineage: Lineage
    store: ChatStore
    chat_reader: ChatReader
    chat: Chat
    insights: Insights
    reports: ReportRenderer
    records: Turns


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open the pools for the duration of the context.

    Starts the embedded server if that is the warehouse, and starts it again when it was killed. The pools
    survive outages; requests during an outage get an error. Raises what open_warehouse raises.
    """
    reader_url, auth_url, chat_url = await asyncio.to_thread(_reader_urls, settings)
    tokens = Tokens(
        secret_key=settings.signing_key(),
        lifetime=timedelta(minutes=settings.access_token_minutes),
        session_lifetime=timedelta(days=settings.session_days),
    )
    async with (
        embedded_server_watched(settings),
        make_pool(reader_url, settings, name="api", size=settings.api_pool_size) as reader_pool,
        make_pool(auth_url, settings, name="auth", size=AUTH_POOL_SIZE, are_snapshots=False) as auth_pool,
        make_chat_pool(chat_url, settings) as chat_pool,
        ChatStore(settings) as store,
        open_chat(settings, store, ChatReader(chat_pool, settings)) as chat,
    ):
        users = Users(auth_pool)
        reader = Reader(reader_pool)
        yield Services(
            settings=settings,
            pools=lambda: (reader_pool, auth_pool, chat_pool, *store.pools),
            reader=reader,
            operations=Reader(auth_pool),
            users=users,
            passwords=PasswordChecker(),
            tokens=tokens,
            sessions=Sessions(auth_pool, tokens, users),
            attempts=LoginAttempts(
                per_address=settings.login_attempts_per_address,
                per_account=settings.login_attempts_per_account,
                longest_wait=settings.login_wait_seconds,
            ),
            lineage=Lineage(settings.manifest_path),
            store=store,
            chat_reader=chat.reader,
            chat=chat,
            insights=Insights(chat, store, reader),
            reports=ReportRenderer(),
            records=Turns(1, RECORD_WAIT.total_seconds(), shared=NoTurnError),
        )


def _reader_urls(settings: Settings) -> tuple[str, str, str]:
    """Return the URLs for reading the marts, the users, and the marts for the chat.

    If the first two are set, the API needs no other privileges on the server, and creates nothing there. The
    chat then reads where the API does, unless its URL is set too.
    """
    api_url, auth_url = settings.api_database_url, settings.auth_database_url
    if api_url and auth_url:
        password = settings.chat_password.get_secret_value() if settings.chat_password else ""
        parts = {**url_parts(api_url), "user": CHAT, "password": password}
        return api_url, auth_url, settings.chat_database_url or make_url(parts)
    warehouse = open_warehouse(settings)
    return warehouse.api_url, warehouse.auth_url, warehouse.chat_url
