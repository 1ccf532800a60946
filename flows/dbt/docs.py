"""The documentation of models and columns that dbt makes: one page, written to a file and shown if asked."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from flows.console import console, say
from flows.dbt.runner import run_documentation
from flows.environment import prepare_environment
from flows.errors import UsageError
from warehouse.connections import Warehouse


def make_documentation(warehouse: Warehouse) -> Path:
    """Write the page that needs no server; its path. Raises BuildError."""
    prepare_environment(warehouse)
    page, seconds = run_documentation(warehouse)
    say("written", str(page), seconds)
    return page


def serve_documentation(folder: Path, port: int) -> None:
    """Show the folder of the page on the loopback address until Ctrl-C. Raises UsageError."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise UsageError(
            f"Port {port} cannot be used ({error.strerror}): name another with --port."
        ) from error
    console().print(f"The documentation is on http://127.0.0.1:{port}/static_index.html; Ctrl-C ends it.")
    with server:
        server.serve_forever()
