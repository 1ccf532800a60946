"""How far a standby, from which the marts are read, is behind the server that writes."""

from dataclasses import dataclass
from typing import Any

from api.queries import load_query
from api.services import Services

WRITTEN = load_query("written_position")
LAG = load_query("replica_lag")

NO_REPLICA = "no_replica"
PRIMARY_UNKNOWN = "primary_unknown"
NOTHING_REPLAYED = "nothing_replayed"


@dataclass(frozen=True)
class ReplicaLag:
    """seconds: at most; 0 when everything is shown that was committed before the question.

    null_reason: why it is not known; no_replica: the marts are read where they are written.
    """

    is_replica: bool
    seconds: float | None
    size: int | None
    null_reason: str | None

    def as_response(self) -> dict[str, Any]:
        """Write the part of /health."""
        return {
            "is_replica": self.is_replica,
            "lag_seconds": None if self.seconds is None else round(self.seconds, 3),
            "lag_bytes": self.size,
            "null_reason": self.null_reason,
        }


async def read_lag(services: Services) -> ReplicaLag:
    """Read the lag; without API_DATABASE_URL there is one server, and nothing is asked.

    Raises psycopg.OperationalError, PoolTimeout or TooManyRequests when a server cannot be reached.
    """
    if services.settings.api_database_url is None:
        return ReplicaLag(is_replica=False, seconds=None, size=None, null_reason=NO_REPLICA)
    async with services.operations.reading_without_user() as reading:
        row = await reading.one_row(WRITTEN, {})
    written = None if row is None else row[0]
    async with services.reader.reading_without_user() as reading:
        row = await reading.one_row(LAG, {"written": written})
    is_replica, size, seconds = (False, None, None) if row is None else row
    if not is_replica:
        return ReplicaLag(is_replica=False, seconds=None, size=None, null_reason=NO_REPLICA)
    reason = PRIMARY_UNKNOWN if size is None else NOTHING_REPLAYED if seconds is None else None
    return ReplicaLag(is_replica=True, seconds=seconds, size=size, null_reason=reason)
