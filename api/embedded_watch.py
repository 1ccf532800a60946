"""Keep the embedded server running while the API serves: nothing else starts it again after a kill."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from warehouse.embedded import restart_embedded
from warehouse.errors import EmbeddedServerError
from warehouse.settings import Settings

CHECK_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0

logger = logging.getLogger(__name__)


@asynccontextmanager
async def embedded_server_watched(settings: Settings) -> AsyncIterator[None]:
    """Restart the embedded server during the body whenever it was killed or failed.

    A server that `sigmasight stop` stopped stays so, and the server of DATABASE_URL is its operator's.
    """
    if settings.database_url or settings.are_readers_given:
        yield
        return
    watching = asyncio.create_task(_watch(settings.warehouse_folder, settings.embedded_port))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(folder: Path, port: int | None) -> None:
    """Look every two seconds; after a failed start wait longer, up to a minute."""
    pause = CHECK_SECONDS
    while True:
        await asyncio.sleep(pause)
        try:
            server = await asyncio.to_thread(restart_embedded, folder, port)
        except EmbeddedServerError as error:
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            logger.error("the embedded server stopped and does not start: %s", error)  # noqa: TRY400 - said in the message
        else:
            pause = CHECK_SECONDS
            if server is not None:
                logger.warning("the embedded server had stopped; it runs again as process %d", server.pid)
