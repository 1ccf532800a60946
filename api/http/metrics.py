"""Prometheus metrics of the service, served at /metrics. No label holds user data."""

from collections.abc import Callable, Iterable, Sequence

from fastapi import Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.http.health import HealthStatus
from api.http.warehouse_metrics import WarehouseCollector
from api.marts.queueing_pool import QueueingPool

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """The metrics of one app. A route is labelled by its path template, to bound the number of series."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        labels = ("method", "route")
        self._requests = Counter(
            "sigmasight_http_requests_total",
            "HTTP requests answered.",
            (*labels, "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "sigmasight_http_request_duration_seconds",
            "Seconds from the request to the end of the response.",
            labels,
            buckets=SECONDS,
            registry=self._registry,
        )
        self.in_progress = Gauge(
            "sigmasight_http_requests_in_progress", "HTTP requests in progress.", registry=self._registry
        )

    def watch_pools(self, pools: Callable[[], Sequence[QueueingPool]]) -> None:
        """Also export the state of the connection pools that are open at each scrape."""
        self._registry.register(_PoolCollector(pools))

    def include(self, collector: Collector) -> None:
        """Also export what this collector counts."""
        self._registry.register(collector)

    def record_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Record a request that was answered."""
        known = method if method in METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)

    def render(self, status: HealthStatus) -> Response:
        """Render all metrics in Prometheus' text format, with those of the warehouse as of this check."""
        warehouse = CollectorRegistry()
        warehouse.register(WarehouseCollector(status))
        return Response(
            generate_latest(self._registry) + generate_latest(warehouse),
            headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_PLAIN_1_0_0},
        )


class _PoolCollector(Collector):
    """Reads the statistics of the pools at each scrape."""

    def __init__(self, pools: Callable[[], Sequence[QueueingPool]]) -> None:
        self._pools = pools

    def collect(self) -> Iterable[Metric]:
        pools = self._pools()
        shown = {
            "pool_size": "Connections in the pool.",
            "pool_available": "Idle connections.",
            "requests_waiting": "Requests waiting for a connection.",
        }
        for key, description in shown.items():
            family = GaugeMetricFamily(f"sigmasight_database_{key}", description, labels=["pool"])
            for pool in pools:
                family.add_metric([pool.name], pool.get_stats().get(key, 0))
            yield family
