"""Who may log in to the embedded server: every role with a password of its own, derived from one secret.

The secret lies among the server's data, open to their owner only. Until the administrator has its password (a
new cluster, one of an older version, a lost secret), the server trusts its socket, which only its owner
reaches: for the instant in which warehouse.connections sets the password.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
from pathlib import Path

from warehouse.embedded_host import give_to_server_user, server_account
from warehouse.kept_secrets import PRIVATE_FILE, kept_secret
from warehouse.settings import SHORTEST_KEY

ADMINISTRATOR = "postgres"
OPEN = "# For the instant until the administrator has a password.\nlocal all all trust\n"
# The server's own databases are for its administrator: there every role could lock, and end sessions.
CLOSED = """\
# Every role has a password of its own, made from the secret with this digest:
# {digest}
local all postgres scram-sha-256
local postgres,template1 all reject
local all all scram-sha-256
local replication postgres scram-sha-256
host postgres,template1 all all reject
host all sigmasight_analyst 127.0.0.1/32 scram-sha-256
"""
VERIFIER = re.compile(r"SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):.+")


def role_password(folder: Path, role: str) -> str:
    """The password of a role on the server of `folder`. Raises SettingsError if no secret can be kept."""
    return hmac.new(_secret(folder), role.encode(), hashlib.sha256).hexdigest()


def are_closed(folder: Path) -> bool:
    """Whether the server of `folder` asks everybody for the passwords of role_password."""
    try:
        return _logins(folder).read_text() == _closed(folder)
    except FileNotFoundError:
        return False


def open_unless_closed(folder: Path) -> None:
    """Before a start or a reload: let everybody in who reaches the socket, if the passwords are not set."""
    if not are_closed(folder):
        _write(folder, OPEN)


def close(folder: Path) -> None:
    """Ask everybody for a password, from the next start or reload on."""
    _write(folder, _closed(folder))


def matches(password: str, verifier: str | None) -> bool:
    """Whether `verifier`, of pg_authid, is that of the password (RFC 5802)."""
    found = VERIFIER.fullmatch(verifier or "")
    if found is None:
        return False
    iterations, salt, stored_key = found.groups()
    prepared = unicodedata.normalize("NFKC", password).encode()
    salted = hashlib.pbkdf2_hmac("sha256", prepared, base64.b64decode(salt), int(iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), base64.b64decode(stored_key))


def _secret(folder: Path) -> bytes:
    what, remedy = "The secret of the database's logins", "set DATABASE_URL to a server of your own"
    account = server_account()
    owners = () if account is None else (account.pw_uid,)
    path = folder / "pgdata" / "login_secret"
    secret = kept_secret(path, what, shortest=SHORTEST_KEY, remedy=remedy, owners=owners)
    give_to_server_user(path)  # the server reads its whole folder when it is copied (standby)
    return secret.encode()


def _closed(folder: Path) -> str:
    return CLOSED.format(digest=hashlib.sha256(_secret(folder)).hexdigest())


def _logins(folder: Path) -> Path:
    return folder / "pgdata" / "pg_hba.conf"


def _write(folder: Path, text: str) -> None:
    path = _logins(folder)
    path.write_text(text)
    path.chmod(PRIVATE_FILE)
    give_to_server_user(path)
