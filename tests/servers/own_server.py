"""A PostgreSQL of one's own, as DATABASE_URL names it: over TCP, with passwords, and no superuser for us."""

import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from warehouse.embedded_host import as_server_user, give_to_server_user, open_to_server_user, program
from warehouse.urls import make_url

NEWEST = program("postgres").parent
OLDEST = NEWEST.parent.parent / "pginstall" / "bin"  # PostgreSQL 16, which the same wheel brings
SUPERUSER = "root_of_it"
PASSWORD = "sw@rd/f%ish"
# what the settings give to the roles
PASSWORDS = {f"{role}_password": f"{role}-{PASSWORD}" for role in ("analyst", "api", "auth", "ai")}


@dataclass(frozen=True)
class OwnServer:
    """A running server and its logins, which all have PASSWORD."""

    port: int

    def url(self, user: str, dbname: str, password: str = PASSWORD) -> str:
        parts = {"host": "127.0.0.1", "port": str(self.port), "user": user}
        return make_url({**parts, "dbname": dbname, "password": password})

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser."""
        with psycopg.connect(self.url(SUPERUSER, database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def own_server(folder: Path, programs: Path) -> Iterator[OwnServer]:
    """Run a server in `folder` for the body. programs: NEWEST or OLDEST."""
    open_to_server_user(folder)
    give_to_server_user(folder)
    data, secret, port = folder / "data", folder / "password", free_port()
    secret.write_text(PASSWORD)
    new = ["-U", SUPERUSER, "--no-sync", "--encoding=UTF8", "--auth=scram-sha-256", f"--pwfile={secret}"]
    run_program(programs / "initdb", "-D", str(data), *new, folder=folder)
    settings = f"-h 127.0.0.1 -p {port} -k {folder} -F"
    log = ["-l", str(data / "log"), "-o", settings]
    run_program(programs / "pg_ctl", "start", "-w", "-D", str(data), *log, folder=folder)
    try:
        server = OwnServer(port)
        # as the README asks of an administrator: new databases have it
        server.run("create extension vector schema public", database="template1")
        yield server
    finally:
        run_program(programs / "pg_ctl", "stop", "-m", "immediate", "-D", str(data), folder=folder)


def free_port() -> int:
    """A port of the loopback interface that no program uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_program(
    path: Path, *arguments: str, folder: Path, variables: Mapping[str, str] | None = None
) -> None:
    options = as_server_user(folder / "data")
    options["env"] = {**options["env"], **(variables or {})}
    subprocess.run([str(path), *arguments], check=True, stdout=subprocess.DEVNULL, **options)
