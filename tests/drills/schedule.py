"""kill -9 of the schedule, its Prefect server and a scheduled run; and a damaged database of that server."""

import signal
import subprocess
import sys
import time
from contextlib import suppress
from random import Random
from typing import Any, Self

import psutil

from tests.drills.damage import DAMAGES
from tests.drills.ground import Ground
from tests.drills.kills import children
from tests.drills.trial import Outcome, Trial, trial
from tests.flows.prefect.prefect_api import ENDED, PrefectServer
from tests.servers.own_server import free_port

LAUNCHER = """
import sys
from flows.prefect import server
server.SCHEDULING_PORT = int(sys.argv.pop(1))
from flows.cli.app import app
app()
"""
"""`sigmasight` with another port for the schedule's server: that of the machine may be in use."""

TARGETS = ("schedule", "Prefect server", "scheduled run")
OF_A_RUN = ("prefect.engine", "spawn_main")  # in the command of a scheduled run's processes
START_SECONDS, RUN_SECONDS = 600.0, 1800.0


class Schedule:
    """`sigmasight schedule`, as a service manager runs it: started again when it ended."""

    def __init__(self, disturbed: Trial) -> None:
        self._disturbed = disturbed
        self._port = free_port()
        self._log = disturbed.ground.home / "schedule.log"
        self.server = PrefectServer(disturbed.warehouse.settings, f"http://127.0.0.1:{self._port}/api")
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, unless it runs, and wait until the flow is served."""
        source = self._disturbed.ground.night[2:]
        if self.process is None or self.process.poll() is not None:
            with self._log.open("ab") as log:
                self.process = subprocess.Popen(
                    [sys.executable, "-c", LAUNCHER, str(self._port), "schedule", *source],
                    env=self._disturbed.command.environment,
                    stdout=log,
                    stderr=log,
                )
        self._wait_until_served()

    def _wait_until_served(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process is not None and self.process.poll() is not None:
                self.start()
            if self._deployment() is not None:
                return
            time.sleep(0.5)
        raise RuntimeError(f"the schedule serves nothing: {self._log.read_text()[-2000:]}")

    def _deployment(self) -> dict[str, Any] | None:
        try:
            return self.server.deployment()
        except OSError:
            return None

    def start_run(self) -> str:
        """Start the night now; the id of the run. Asks again while the server is busy or starts."""
        folder = str(self._disturbed.ground.home / "news")
        parameters = {"source": "files", "prices": folder, "force": True}
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            served = self._deployment()
            with suppress(OSError):
                if served is not None:
                    return self.server.start_run(served, parameters)
            time.sleep(1)
        raise RuntimeError(f"the schedule starts no run: {self._log.read_text()[-2000:]}")

    def state(self, run_id: str) -> str | None:
        """How the run is; None while the server does not answer."""
        try:
            return str(self.server.ask(f"/flow_runs/{run_id}")["state_type"])
        except OSError:
            return None

    def stop(self) -> None:
        """Stop it, and what it started."""
        if self.process is None:
            return
        below = children(psutil.Process(self.process.pid)) if self.process.poll() is None else []
        for process in [self.process, *below]:
            try:
                process.send_signal(signal.SIGKILL)
            except (psutil.NoSuchProcess, ProcessLookupError):
                continue
        self.process.wait()


def schedule(ground: Ground, outcome: Outcome, rng: Random) -> None:
    """Kill each process once, and damage the server's database once."""
    for target in rng.sample(TARGETS, len(TARGETS)):
        schedule_round(ground, outcome, rng, target)
    schedule_round(ground, outcome, rng, None)


def schedule_round(ground: Ground, outcome: Outcome, rng: Random, target: str | None) -> None:
    """Disturb a night of the schedule, which then runs one to its end. target: None damages the database."""
    with trial(ground, outcome, rng) as disturbed, Schedule(disturbed) as running:
        if target is None:
            _damage_database(disturbed, running)
        else:
            running.start_run()
            time.sleep(disturbed.moment())
            _kill(disturbed, running, target)
        _end_orphans(disturbed, running)
        running.start()
        _run_one_to_the_end(disturbed, running)


def _kill(disturbed: Trial, running: Schedule, target: str) -> None:
    assert running.process is not None
    scheduling = psutil.Process(running.process.pid)
    until = time.monotonic() + RUN_SECONDS
    while not (found := _processes(scheduling, target)) and time.monotonic() < until:
        time.sleep(0.1)
    for process in found[:1]:
        process.send_signal(signal.SIGKILL)
        disturbed.fault(target)
    time.sleep(1)


def _processes(scheduling: psutil.Process, target: str) -> list[psutil.Process]:
    if target == "schedule":
        return [scheduling]
    marks = ["flows.prefect.server"] if target == "Prefect server" else OF_A_RUN
    return [process for mark in marks for process in children(scheduling, of=mark)]


def _damage_database(disturbed: Trial, running: Schedule) -> None:
    """Damage prefect.db while the schedule is stopped, in a way that the seed chooses."""
    running.stop()
    database = disturbed.ground.home / ".warehouse" / "prefect" / "prefect.db"
    kind = disturbed.rng.choice(list(DAMAGES))
    for _ in range(200 if kind == "flipped bit" else 1):
        DAMAGES[kind](database, disturbed.rng)
    disturbed.fault(f"prefect.db {kind}")


def _end_orphans(disturbed: Trial, running: Schedule) -> None:
    """A service manager ends what a killed service leaves behind, before it starts it again."""
    if running.process is not None and running.process.poll() is None:
        return
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get("SIGMASIGHT_HOME") == str(disturbed.ground.home)
            if is_ours and any(mark in " ".join(process.cmdline()) for mark in OF_A_RUN):
                process.kill()
        except psutil.Error:
            continue


def _run_one_to_the_end(disturbed: Trial, running: Schedule) -> None:
    for _ in range(3):
        run_id = running.start_run()
        until = time.monotonic() + RUN_SECONDS
        while (state := running.state(run_id)) not in ENDED and time.monotonic() < until:
            time.sleep(0.5)
        if state == "COMPLETED":
            return
    disturbed.outcome.tally.count("night", "no scheduled night succeeded after the drill")
