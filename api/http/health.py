"""Health of the service: is the database reachable, what is published, how did the last build end."""

import logging
from dataclasses import dataclass
from importlib.metadata import version as package_version
from typing import Any

import psycopg
from psycopg import errors as sql_errors
from psycopg_pool import PoolTimeout, TooManyRequests

from api.http.errors import NothingPublished, Problem, UpgradeNeeded, WarehouseUnavailable
from api.http.health_counts import HealthCounts, read_counts
from api.http.replica import ReplicaLag, read_lag
from api.http.versions import read_version
from api.queries import load_query
from api.services import Services
from warehouse.code_version import CodeVersion

LAST_PUBLICATION = load_query("last_publication")
LAST_BUILD = load_query("last_build")

logger = logging.getLogger(__name__)

FAILED_STATUSES = {"failed", "abandoned"}


@dataclass(frozen=True)
class HealthStatus:
    """The result of a health check. problem: why the service is not ready, None when it is.

    other_models: the sentence about marts of other models, which the service still reads; None if they agree.
    counts: None if they cannot be read. replica: None if no server can be reached.
    """

    problem: Problem | None
    publication: dict[str, Any] | None
    build: dict[str, Any] | None
    other_models: str | None = None
    counts: HealthCounts | None = None
    replica: ReplicaLag | None = None

    def as_response(self) -> dict[str, Any]:
        """Write the body of /health."""
        return {
            "status": self.status,
            "live": True,
            "ready": self.problem is None,
            "warehouse_reachable": not isinstance(self.problem, WarehouseUnavailable),
            "message": self.message,
            "unpublished_sessions": None if self.counts is None else self.counts.unpublished_sessions,
            "replica": None if self.replica is None else self.replica.as_response(),
            "last_publication": self.publication,
            "last_build": self.build,
            "version": package_version("sigmasight"),
        }

    @property
    def status(self) -> str:
        """ok, degraded (ready, but the last build failed, sessions wait, other models) or unavailable."""
        if self.problem is not None:
            return "unavailable"
        is_waiting = self.counts is not None and self.counts.are_sessions_waiting
        is_degraded = self.has_failed_build or is_waiting or self.other_models is not None
        return "degraded" if is_degraded else "ok"

    @property
    def has_failed_build(self) -> bool:
        """Whether the last build did not succeed."""
        return self.build is not None and self.build["status"] in FAILED_STATUSES

    @property
    def message(self) -> str:
        """The status in sentences."""
        if self.problem is not None or self.publication is None:
            return str(self.problem)
        published = f"The numbers of {self.publication['as_of_date']} are published"
        if self.other_models is None and self.has_failed_build and self.build is not None:
            published += (
                f"; the last build ({self.build['kind']} of {self.build['started_at']}) "
                f"{self.build['status']} while {self.build['phase']}"
            )
        waiting = None if self.counts is None else self.counts.sentence
        return " ".join(filter(None, (f"{published}.", waiting, self.other_models)))


async def check_health(services: Services, code: CodeVersion) -> HealthStatus:
    """Check the database; returns even when it is down, at the latest after the pool's timeout."""
    try:
        build = await _last_build(services)
        version = await read_version(services, code)
        if version is not None and version.is_published and version.layout != version.newest_layout:
            return HealthStatus(UpgradeNeeded(version.sentence), publication=None, build=build)
        publication = await _last_publication(services)
        counts = await read_counts(services)
        replica = await read_lag(services)
    except (psycopg.OperationalError, PoolTimeout, TooManyRequests):
        return HealthStatus(problem=WarehouseUnavailable(), publication=None, build=None)
    problem = NothingPublished() if publication is None else None
    other_models = version.sentence if version is not None and problem is None else None
    return HealthStatus(problem, publication, build, other_models, counts, replica)


async def _last_publication(services: Services) -> dict[str, Any] | None:
    try:
        async with services.reader.reading_without_user() as reading:
            row = await reading.one_row(LAST_PUBLICATION, {})
    except NothingPublished:
        return None
    return None if row is None else row[0]


async def _last_build(services: Services) -> dict[str, Any] | None:
    try:
        async with services.operations.reading_without_user() as reading:
            row = await reading.one_row(LAST_BUILD, {})
    except (NothingPublished, sql_errors.InsufficientPrivilege) as error:
        # AUTH_DATABASE_URL may point to an externally managed server: that is not a failure of this service
        logger.warning("the record of builds cannot be read: %s", error)
        return None
    return None if row is None else row[0]
