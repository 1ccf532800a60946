"""The state of the warehouse as metrics. docs/monitoring has the alert rules and the board that read them."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.http.errors import WarehouseUnavailable
from api.http.health import HealthStatus
from api.http.health_counts import HealthCounts
from api.http.replica import ReplicaLag


class WarehouseCollector(Collector):
    """Exports one check of the warehouse's health. What is unknown has no sample."""

    def __init__(self, status: HealthStatus) -> None:
        self._status = status

    def collect(self) -> Iterable[Metric]:
        status = self._status
        is_up = not isinstance(status.problem, WarehouseUnavailable)
        yield _gauge("sigmasight_warehouse_up", "1 if the database can be reached, else 0.", is_up)
        yield _gauge("sigmasight_ready", "1 if figures can be read, else 0.", status.problem is None)
        if is_up:
            yield _gauge(
                "sigmasight_last_run_failed",
                "1 if the last run failed or was killed, else 0.",
                status.has_failed_build,
            )
        if status.counts is not None:
            yield from _of_counts(status.counts)
        if status.replica is not None:
            yield from _of_replica(status.replica)


def _of_counts(counts: HealthCounts) -> Iterator[Metric]:
    yield _gauge("sigmasight_build_in_progress", "1 while a build is running, else 0.", counts.is_building)
    yield _gauge(
        "sigmasight_unpublished_sessions",
        "Sessions with prices after the last published one.",
        counts.unpublished_sessions,
    )
    yield _gauge(
        "sigmasight_overdue_sessions",
        "Sessions that should be published by now (NIGHT_DUE_MINUTES) and are not.",
        counts.overdue_sessions,
    )
    yield _gauge(
        "sigmasight_undelivered_alarm_messages",
        "Messages about incidents that could not be delivered, and are tried again.",
        counts.undelivered_messages,
    )
    yield _gauge(
        "sigmasight_last_publication_timestamp_seconds",
        "When figures were last published.",
        _seconds(counts.published_at),
    )
    yield _gauge(
        "sigmasight_last_published_session_timestamp_seconds",
        "The last published session: the start of its day, UTC.",
        counts.last_session_seconds,
    )
    incidents = GaugeMetricFamily(
        "sigmasight_open_incidents", "Open incidents, as of the last check.", labels=["kind", "severity"]
    )
    for found in counts.open_incidents:
        incidents.add_metric([found["kind"], found["severity"]], found["incidents"])
    yield incidents


def _of_replica(replica: ReplicaLag) -> Iterator[Metric]:
    yield _gauge("sigmasight_reads_replica", "1 if the marts are read from a standby.", replica.is_replica)
    yield _gauge(
        "sigmasight_replica_lag_seconds",
        "Seconds by which the standby is behind, at most.",
        replica.seconds,
    )
    yield _gauge("sigmasight_replica_lag_bytes", "Bytes that the standby does not show yet.", replica.size)


def _gauge(name: str, description: str, value: float | None) -> Metric:
    """A gauge with one sample; None: without any."""
    family = GaugeMetricFamily(name, description)
    if value is not None:
        family.add_metric([], value)
    return family


def _seconds(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()
