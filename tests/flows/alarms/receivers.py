"""Those who receive alarms, on the loopback interface: a webhook and a mail server, which can also fail."""

import base64
import email
import email.policy
import json
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# --- webhook ------------------------------------------------------------------------------------------------


@dataclass
class Hook:
    """A webhook. status: of its answers. silent: it never answers. drip: seconds between their bytes."""

    port: int = 0
    status: int = 200
    silent: bool = False
    drip: float = 0.0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/T000/B000/swordfish-in-the-path"

    def kinds(self, event: str = "opened") -> list[str]:
        """The kinds of incidents in the messages that were accepted, in order."""
        return [one["kind"] for body in self.bodies for one in body["incidents"] if one["event"] == event]


@contextmanager
def listening() -> Iterator[Hook]:
    """Serve a webhook."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            hook.asked.append(self.path)
            hook.headers.append(dict(self.headers.items()))
            if hook.silent:
                hook.ended.wait()
                return
            if hook.status < 300:
                hook.bodies.append(body)
            self._answer(b"invalid_token" if hook.status >= 400 else b"ok")

        def _answer(self, text: bytes) -> None:
            whole = (
                f"HTTP/1.0 {hook.status} Answer\r\nLocation: http://127.0.0.1:1/\r\n"
                f"Content-Length: {len(text)}\r\n\r\n"
            ).encode() + text
            for place in range(len(whole)):
                self.wfile.write(whole[place : place + 1])
                self.wfile.flush()
                if hook.drip and hook.ended.wait(hook.drip):
                    return

        def log_message(self, *_: Any) -> None:
            """Do not log."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: Any) -> None:
            """Ignore clients that no longer wait."""

    with _serving(Server(("127.0.0.1", 0), Handler)) as port:
        hook.port = port
        yield hook
        hook.ended.set()


# --- mail server --------------------------------------------------------------------------------------------


@dataclass
class PostOffice:
    """A mail server. refused: recipients that it does not know. silent: it connects, and says nothing.

    certificate: offers STARTTLS with it, or speaks TLS from the start (is_implicit). login: user and password
    that it wants. logins: those that it was given, with whether the connection was encrypted.
    """

    port: int = 0
    refused: set[str] = field(default_factory=set)
    silent: bool = False
    certificate: Path | None = None
    is_implicit: bool = False
    login: tuple[str, str] | None = None
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: list[tuple[str, str, bool]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def post_office(**settings: Any) -> Iterator[PostOffice]:
    """Serve a mail server."""
    office = PostOffice(**settings)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            _Conversation(office, self.request).hold()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: Any) -> None:
            """Ignore clients that hang up, such as over a certificate."""

    with _serving(Server(("127.0.0.1", 0), Handler)) as port:
        office.port = port
        yield office
        office.ended.set()


class _Conversation:
    """What a client and the mail server say to each other (RFC 5321), as far as a client of ours goes."""

    def __init__(self, office: PostOffice, request: socket.socket) -> None:
        self._office = office
        self._socket = self._encrypted(request) if office.is_implicit else request
        self._is_encrypted = office.is_implicit
        self._lines = self._socket.makefile("rb")
        self._recipients: list[str] = []
        self._is_logged_in = office.login is None

    def hold(self) -> None:
        if self._office.silent:
            self._office.ended.wait()
            return
        self._say("220 office.test")
        while line := self._lines.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            if verb.upper() == "QUIT":
                self._say("221 bye")
                return
            self._answer(verb.upper(), rest)

    def _answer(self, verb: str, rest: str) -> None:
        if verb == "EHLO":
            tls = self._office.certificate is not None and not self._is_encrypted
            self._say("250-office.test", *(["250-STARTTLS"] if tls else []), "250 AUTH PLAIN")
        elif verb == "STARTTLS":
            self._say("220 go on")
            self._socket = self._encrypted(self._socket)
            self._is_encrypted = True
            self._lines = self._socket.makefile("rb")
        elif verb == "AUTH":
            _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
            self._office.logins.append((user, password, self._is_encrypted))
            self._is_logged_in = self._is_logged_in or (user, password) == self._office.login
            self._say("235 welcome" if self._is_logged_in else "535 no such login")
        elif verb == "RCPT":
            self._take_recipient(rest.partition("<")[2].partition(">")[0])
        elif verb == "DATA":
            self._take_mail()
        else:
            self._say("250 ok" if self._is_logged_in else "530 log in first")

    def _take_recipient(self, address: str) -> None:
        if address in self._office.refused:
            self._say("550 no such mailbox")
            return
        self._recipients.append(address)
        self._say("250 ok")

    def _take_mail(self) -> None:
        self._say("354 go on")
        lines: list[bytes] = []
        while (line := self._lines.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self._office.mails.append(mail)
        self._office.recipients.append(self._recipients)
        self._say("250 taken")

    def _say(self, *lines: str) -> None:
        self._socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def _encrypted(self, plain: socket.socket) -> socket.socket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        assert self._office.certificate is not None
        context.load_cert_chain(self._office.certificate)
        return context.wrap_socket(plain, server_side=True)


def make_certificate(folder: Path) -> Path:
    """A certificate of localhost that signs itself, with its key, in one file."""
    path = folder / "localhost.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(path), "-out", str(folder / "only.pem")),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + (folder / "only.pem").read_text())
    return path


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        assert isinstance(server, socketserver.TCPServer)
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def wait_for(condition: Any, seconds: float = 120.0) -> None:
    """Wait until the condition holds; fails the test on a timeout."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)
