"""dbt's documentation of models and columns: one page, written to a file and served on request."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from flows.console import console, say
from flows.dbt.runner import run_documentation
from flows.environment import prepare_environment
from flows.errors import UsageError
from warehouse.connections import Warehouse


def make_documentation(warehouse: Warehouse) -> Path:
    """Write the static page and return its path. Raises BuildError."""
    prepare_environment(warehouse)
    page, seconds = run_documentation(warehouse)
    say("written", str(page), seconds)
    return page


def serve_documentation(folder: Path, port: int) -> None:
    """Serve the page's folder on the loopback address until Ctrl-C. Raises UsageError."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise UsageError(
            f"Port {port} is not available ({error.strerror}): choose another with --port."
        ) from error
    console().print(f"The documentation is on http://127.0.0.1:{port}/static_index.html; Ctrl-C stops it.")
    with server:
        server.serve_forever()
