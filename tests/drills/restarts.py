"""The database is stopped and started, and its sessions are ended, at random moments of a night."""

import time
from random import Random

from tests.drills.ground import Ground
from tests.drills.trial import Outcome, Trial, trial
from tests.flows.flow_helpers import one
from warehouse.connections import open_warehouse
from warehouse.embedded_host import run

WAYS = ("fast", "immediate", "sessions")
SESSIONS = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""


def restarts(ground: Ground, outcome: Outcome, rng: Random, rounds: int = 2) -> None:
    """In each round, one interruption of each kind, at any moment."""
    for _ in range(rounds):
        restart_round(ground, outcome, rng, rng.sample(WAYS, len(WAYS)))


def restart_round(ground: Ground, outcome: Outcome, rng: Random, ways: list[str]) -> None:
    """Interrupt one night, several times. It retries what a restart broke."""
    with trial(ground, outcome, rng) as disturbed:
        night = disturbed.start_night()
        for way in ways:
            time.sleep(disturbed.moment() / len(ways))
            _interrupt(disturbed, way)
        disturbed.end(night)


def _interrupt(disturbed: Trial, way: str) -> None:
    warehouse = disturbed.warehouse
    if way == "sessions":
        one(open_warehouse(warehouse.settings), SESSIONS)
    else:
        run("pg_ctl", "stop", "-m", way, "-w", data=warehouse.settings.warehouse_folder / "pgdata")
        time.sleep(disturbed.rng.uniform(0, 1))
        open_warehouse(warehouse.settings)
    disturbed.fault(f"restart {way}")
