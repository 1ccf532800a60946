"""What the service counts of itself, for Prometheus at /metrics. No label holds anything of a user."""

from collections.abc import Iterable, Sequence

from fastapi import Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.marts.reader import Pool

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """The counters of one app. A route is its template, so that there are as many series as routes."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        labels = ("method", "route")
        self._requests = Counter(
            "sigmasight_http_requests_total",
            "Requests answered.",
            (*labels, "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "sigmasight_http_request_seconds",
            "Seconds until an answer was sent.",
            labels,
            buckets=SECONDS,
            registry=self._registry,
        )
        self.under_way = Gauge(
            "sigmasight_http_requests_under_way", "Requests being answered.", registry=self._registry
        )

    def watch(self, pools: Sequence[Pool]) -> None:
        """Show the state of these pools, too."""
        self._registry.register(_PoolCollector(pools))

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        known = method if method in METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)

    def answer(self) -> Response:
        """Write all of it in Prometheus' text format."""
        return Response(
            generate_latest(self._registry),
            headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_PLAIN_1_0_0},
        )


class _PoolCollector(Collector):
    """Reads the pools when asked: psycopg counts for itself."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._pools = pools

    def collect(self) -> Iterable[Metric]:
        shown = {
            "pool_size": "Connections held.",
            "pool_available": "Connections that wait for a request.",
            "requests_waiting": "Requests that wait for a connection.",
        }
        for key, description in shown.items():
            family = GaugeMetricFamily(f"sigmasight_database_{key}", description, labels=["pool"])
            for pool in self._pools:
                family.add_metric([pool.name], pool.get_stats().get(key, 0))
            yield family
