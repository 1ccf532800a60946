"""kill -9 at random moments of a night: the postmaster, a backend, the command, a model process, the API."""

import signal
import subprocess
import time
from collections.abc import Callable
from random import Random

import psutil

from tests.drills.ground import Ground
from tests.drills.trial import Outcome, Trial, trial
from warehouse.embedded import running_embedded

Night = subprocess.Popen[str]

MOST_KILLS = 3
"""Of one round, each in the next attempt at the night."""


def kills(ground: Ground, outcome: Outcome, rng: Random, minutes: float) -> None:
    """Rounds of kills for some minutes; every process has its turn."""
    until = time.monotonic() + 60 * minutes
    waiting: list[str] = []
    while time.monotonic() < until:
        if len(waiting) < MOST_KILLS:
            waiting += rng.sample(list(TARGETS), len(TARGETS))
        used = kill_round(ground, outcome, rng, waiting[:MOST_KILLS])
        del waiting[:used]


def kill_round(ground: Ground, outcome: Outcome, rng: Random, targets: list[str]) -> int:
    """Kill a process in each attempt at the night, until one succeeds; how many were killed."""
    used = 0
    with trial(ground, outcome, rng) as disturbed:
        for target in targets:
            used += 1
            night = disturbed.start_night(MODEL_PROCESSES="2")
            time.sleep(disturbed.moment())
            TARGETS[target](disturbed, night)
            if disturbed.ended(night) == 0:
                return used
        disturbed.run_to_the_end()
    return used


def _kill(disturbed: Trial, kind: str, process: psutil.Process | None) -> None:
    if process is None:
        return
    try:
        process.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return
    disturbed.fault(kind)


def _postmaster(disturbed: Trial) -> psutil.Process | None:
    server = running_embedded(disturbed.warehouse.settings.warehouse_folder)
    return None if server is None else psutil.Process(server.pid)


def children(process: psutil.Process | None, *, of: str = "") -> list[psutil.Process]:
    """The processes below it whose command contains a text."""
    try:
        below = [] if process is None else process.children(recursive=True)
        return [child for child in below if of in " ".join(child.cmdline())]
    except psutil.NoSuchProcess:
        return []


def kill_postmaster(disturbed: Trial, _: Night) -> None:
    """The API starts the server again."""
    _kill(disturbed, "postmaster", _postmaster(disturbed))


def kill_backend(disturbed: Trial, _: Night) -> None:
    """Any process of the server: it then restarts all of them, and recovers."""
    backends = sorted(children(_postmaster(disturbed)), key=lambda process: process.pid)
    _kill(disturbed, "backend", disturbed.rng.choice(backends) if backends else None)


def kill_night(disturbed: Trial, night: Night) -> None:
    """The command itself."""
    if night.poll() is None:
        _kill(disturbed, "command", psutil.Process(night.pid))


def kill_model(disturbed: Trial, night: Night) -> None:
    """A process in which Python models run; waits until there is one."""
    models: list[psutil.Process] = []
    while night.poll() is None and not models:
        models = children(psutil.Process(night.pid), of="spawn_main")
        time.sleep(0.05)
    time.sleep(disturbed.rng.uniform(0, 4))
    _kill(disturbed, "model process", disturbed.rng.choice(models) if models else None)


def kill_api(disturbed: Trial, _: Night) -> None:
    """The API, which a service manager then starts again."""
    disturbed.service.kill()
    disturbed.fault("API")
    time.sleep(disturbed.rng.uniform(0, 2))
    disturbed.service.start()


TARGETS: dict[str, Callable[[Trial, Night], None]] = {
    "postmaster": kill_postmaster,
    "backend": kill_backend,
    "night": kill_night,
    "model": kill_model,
    "api": kill_api,
}
