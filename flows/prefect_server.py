"""The Prefect server of one command: started aside while the command prepares, gone when it is.

Prefect would start one by itself, but waits for it (nine seconds, twice that the first time), refuses to wait
more than twenty, and leaves it running for ever when its client is killed. Here the client goes on at once:
the socket listens from the start, so the first request waits until the server is there. The server ends when
the pipe to its parent closes, which the kernel does even for a killed process.
"""

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.environment import log_folder
from flows.errors import OrchestratorError
from warehouse.settings import Settings, project_root

BACKLOG = 128
SCHEDULING_PORT = 4200
STOP_SECONDS = 10.0
DAY_SECONDS = 86_400

# Only what records a run: nobody watches this server, and nothing is scheduled on it.
RECORDING_ONLY = {
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_UI_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    # task runs are written in batches: one by one they cost more than the tasks themselves
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    # whole seconds: prefect cuts off the rest, and an interval of 0 keeps a core busy with waiting
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
}


@dataclass
class _Server:
    """The server of this process, if it has one."""

    process: subprocess.Popen[bytes] | None = None
    lifeline: int | None = None


_server = _Server()


def start_private_server(settings: Settings) -> None:
    """Start the server in the background and point Prefect at it; nothing if there is one already.

    Call it before prefect is imported, which reads PREFECT_API_URL once. A server named by PREFECT_API_URL is
    used as it is.
    """
    if "PREFECT_API_URL" not in os.environ:
        _start(settings, 0, RECORDING_ONLY)


def start_scheduling_server(settings: Settings) -> None:
    """The same with all services and the web page, on the port that Prefect's own server uses by default.

    Raises OrchestratorError when another program listens there.
    """
    if "PREFECT_API_URL" not in os.environ:
        url = f"http://127.0.0.1:{SCHEDULING_PORT}/api"
        kept = {
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(settings.run_days * DAY_SECONDS),
        }
        _start(settings, SCHEDULING_PORT, {"PREFECT_API_URL": url, "PREFECT_UI_API_URL": url, **kept})


def _start(settings: Settings, port: int, environment: Mapping[str, str]) -> None:
    listener = _listen(port)
    watched, lifeline = os.pipe()
    variables = {**os.environ, **environment}
    variables.pop("PREFECT_LOGGING_SETTINGS_PATH", None)  # its warnings go to its own log, not to the run's
    with listener, server_log(settings).open("wb") as log:
        _server.process = subprocess.Popen(
            [sys.executable, "-m", "flows.prefect_server", str(listener.fileno()), str(watched)],
            cwd=project_root(),
            env=variables,
            pass_fds=(listener.fileno(), watched),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    os.close(watched)
    _server.lifeline = lifeline
    atexit.register(stop_server)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    except OSError as error:
        raise OrchestratorError(
            f"Prefect's server cannot listen on port {port} ({error.strerror}): stop the program that does, "
            f"or name a running Prefect server in PREFECT_API_URL (http://127.0.0.1:{port}/api)."
        ) from error


def server_has_died() -> bool:
    """Whether this process started a server that has ended since."""
    return _server.process is not None and _server.process.poll() is not None


def server_log(settings: Settings) -> Path:
    """Where the private server writes what goes wrong in it."""
    return log_folder(settings) / "prefect_server.log"


def stop_server() -> None:
    """End the server of this process, after it has written what it holds."""
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
    """Serve Prefect's API on an inherited socket until the parent process is gone."""
    threading.Thread(target=_end_with_parent, args=(watched,), daemon=True).start()
    import uvicorn  # noqa: PLC0415 - only the server's own process pays for this import
    from prefect.server.api.server import create_app  # noqa: PLC0415

    config = uvicorn.Config(
        create_app(), log_config=None, lifespan="on", timeout_graceful_shutdown=int(STOP_SECONDS) - 2
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listener)])


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
