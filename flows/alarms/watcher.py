"""The checks of a running schedule: what no run reports, because none runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flows.alarms.report import report_quietly
from flows.alarms.unreachable import report_unreachable
from warehouse.connections import Warehouse
from warehouse.embedded import restart_embedded, running_embedded
from warehouse.errors import EmbeddedServerError


@contextmanager
def alarms_watched(warehouse: Warehouse) -> Iterator[None]:
    """Check alarms now and every ALARM_CHECK_MINUTES, in a thread of this process, during the body."""
    stopped = threading.Event()

    def watch() -> None:
        while True:
            check_once(warehouse)
            if stopped.wait(60 * warehouse.settings.alarm_check_minutes):
                return

    threading.Thread(target=watch, daemon=True, name="alarms").start()
    try:
        yield
    finally:
        stopped.set()


def check_once(warehouse: Warehouse) -> None:
    """Check alarms, unless a user stopped the embedded server: the next run starts it again."""
    settings = warehouse.settings
    if warehouse.is_embedded:
        try:
            restart_embedded(settings.warehouse_folder, settings.embedded_port)
        except EmbeddedServerError as error:
            report_unreachable(settings, error)
            return
        if running_embedded(settings.warehouse_folder) is None:
            return
    report_quietly(warehouse)
