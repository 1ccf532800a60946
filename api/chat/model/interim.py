"""A bound on the responses that a server sends before its answer, such as 103.

The transport passes over them without giving anybody else a turn, and their bytes are in no answer's size.
"""

from typing import TYPE_CHECKING, Any, Final

from api.chat.model.errors import too_large

if TYPE_CHECKING:
    from aiohttp import ClientResponse

MOST: Final = 10
"""Before one answer; servers send none, or one."""


def bound_interim(client: Any) -> None:
    """Let a client of the vendor's package, over aiohttp, give up where there are more before an answer."""
    transport = client._transport  # noqa: SLF001 - the package takes no session
    make_session = transport.get_client

    def get_client() -> Any:
        session = make_session()
        session._response_class = _bounded_response()  # noqa: SLF001
        return session

    transport.get_client = get_client


def _bounded_response() -> "type[ClientResponse]":
    from aiohttp import ClientResponse  # noqa: PLC0415 - loaded with the client

    class Bounded(ClientResponse):
        async def start(self, connection: Any) -> ClientResponse:
            protocol = connection.protocol
            read, seen = protocol.read, 0

            async def read_bounded() -> Any:
                nonlocal seen
                seen += 1
                if seen > MOST + 1:
                    raise too_large(f"over {MOST} responses before the answer")
                return await read()

            protocol.read = read_bounded
            try:
                return await super().start(connection)
            finally:
                del protocol.read  # the connection's own again

    return Bounded
