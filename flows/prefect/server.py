"""The Prefect server of the schedule, used when none is named: it holds the deployment and the run history.

It requires a secret and accepts only local connections, because changing the deployment means running code as
this service. The secret is in a file that only the service's account can read; processes that Prefect starts
for runs inherit it.

The socket listens before the server starts, so the first request waits for it. A server that ends by itself
or is killed is started again on that socket. It stops when the pipe to its parent closes, which the kernel
does even for a killed process.
"""

import atexit
import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from flows.environment import is_prefect_named, log_folder, prefect_database
from flows.errors import OrchestratorError
from warehouse.kept_secrets import kept_secret
from warehouse.settings import SHORTEST_KEY, Settings, project_root

logger = logging.getLogger(__name__)

BACKLOG = 128
SCHEDULING_PORT = 4200
STOP_SECONDS = 10.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
DAY_SECONDS = 86_400


@dataclass
class _Server:
    """The server of this process, if it has one."""

    process: subprocess.Popen[bytes] | None = None
    lifeline: int | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_server = _Server()


def start_scheduling_server(settings: Settings, port: int | None = None) -> None:
    """Start the server in the background and point Prefect at it; a no-op if PREFECT_API_URL names one.

    Call it before prefect is imported, which reads its variables once. port: default Prefect's own; 0 for
    any. Raises OrchestratorError when another program listens there.
    """
    if is_prefect_named():
        return
    drop_unreadable_database(prefect_database(settings))
    listener = _listen(SCHEDULING_PORT if port is None else port)
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    secret = read_secret(settings)
    os.environ["PREFECT_API_URL"] = f"{origin}/api"
    os.environ["PREFECT_API_AUTH_STRING"] = secret
    environment = {**os.environ, **_server_environment(settings, origin, secret)}
    server_log(settings).unlink(missing_ok=True)
    _start(listener, server_log(settings), environment)
    atexit.register(stop_server)
    watch = threading.Thread(
        target=_keep_running, args=(listener, server_log(settings), environment), daemon=True
    )
    watch.start()


def drop_unreadable_database(path: Path) -> None:
    """Set a file aside that is no sound SQLite database: Prefect makes another; ops.runs keeps the runs."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as connection:
            (found,) = connection.execute("pragma quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        return  # busy, or not ours to open: Prefect says why
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found == "ok":
        return
    aside = path.with_name(f"{path.name}.unreadable")
    logger.warning("Prefect's database is damaged (%s): it is now %s, a new one is made", found, aside)
    path.replace(aside)
    for part in ("-wal", "-shm"):  # of the old file
        path.with_name(path.name + part).unlink(missing_ok=True)


def _server_environment(settings: Settings, origin: str, secret: str) -> dict[str, str]:
    return {
        "PREFECT_SERVER_API_AUTH_STRING": secret,
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": origin,
        "PREFECT_UI_API_URL": f"{origin}/api",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(settings.run_days * DAY_SECONDS),
    }


def read_secret(settings: Settings) -> str:
    """User and password of the server, `sigmasight:…`; created on the first call."""
    return kept_secret(
        secret_file(settings),
        "The secret of Prefect's server",
        shortest=SHORTEST_KEY,
        remedy="set PREFECT_API_URL to a server of your own",
        prefix="sigmasight:",
    )


def secret_file(settings: Settings) -> Path:
    """The file with user and password of the schedule's server."""
    return settings.warehouse_folder / "prefect_secret"


def _start(listener: socket.socket, log: Path, environment: dict[str, str]) -> None:
    environment.pop("PREFECT_LOGGING_SETTINGS_PATH", None)  # its warnings go to its own log, not to the run's
    watched, lifeline = os.pipe()
    with log.open("ab") as output:
        _server.process = subprocess.Popen(
            [sys.executable, "-m", "flows.prefect.server", str(listener.fileno()), str(watched)],
            cwd=project_root(),
            env=environment,
            pass_fds=(listener.fileno(), watched),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the schedule, which then stops this server last
        )
    os.close(watched)
    _server.lifeline = lifeline


def _keep_running(listener: socket.socket, log: Path, environment: dict[str, str]) -> None:
    """Start the server again when it ended without stop_server; wait longer each time, up to a minute."""
    pause = FIRST_PAUSE_SECONDS
    while (process := _server.process) is not None:
        begun = time.monotonic()
        process.wait()
        if time.monotonic() - begun > LONGEST_PAUSE_SECONDS:
            pause = FIRST_PAUSE_SECONDS
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        with _server.lock:
            if _server.process is not process or _server.lifeline is None:
                return
            logger.error("Prefect's server ended (%s) and is started again", process.returncode)
            os.close(_server.lifeline)
            _start(listener, log, environment)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    except OSError as error:
        raise OrchestratorError(
            f"Prefect's server cannot listen on port {port} ({error.strerror}): stop the program that uses "
            f"it, or name a running Prefect server in PREFECT_API_URL (http://127.0.0.1:{port}/api)."
        ) from error


def server_log(settings: Settings) -> Path:
    """The server's log file."""
    return log_folder(settings) / "prefect_server.log"


def stop_server() -> None:
    """Stop the server of this process, after it has flushed its data."""
    with _server.lock:
        process, _server.process = _server.process, None
        if process is None or _server.lifeline is None:
            return
        os.close(_server.lifeline)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end_with_parent(watched: int) -> None:
    """Wait until the other end of the pipe closes, then ask the server to stop."""
    os.read(watched, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def main(listener: int, watched: int) -> None:
    """Serve Prefect's API on an inherited socket until the parent process exits."""
    threading.Thread(target=_end_with_parent, args=(watched,), daemon=True).start()
    import uvicorn  # noqa: PLC0415 - imported only in the server's process
    from prefect.server.api.server import create_app  # noqa: PLC0415

    config = uvicorn.Config(
        create_app(), log_config=None, lifespan="on", timeout_graceful_shutdown=int(STOP_SECONDS) - 2
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listener)])


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
