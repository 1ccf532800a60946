"""Connection URLs: parsing them, building them, and hiding their passwords."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from warehouse.errors import SettingsError


def url_parts(url: str) -> dict[str, str]:
    """Parse a libpq URI or keyword string: host, port, dbname, user, password, sslmode, ...

    A driver's name in the scheme (postgresql+psycopg://) is ignored. Raises SettingsError, which quotes
    nothing of the URL: an unparsable part may belong to the password.
    """
    plain = re.sub(r"^postgres(?:ql)?\+\w+://", "postgresql://", url.strip())
    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(plain).items() if value is not None}
        is_sound = re.fullmatch(r"[\d,]*", parts.get("port", "")) is not None
        is_sound &= "@" not in parts.get("host", "") + parts.get("dbname", "")
    except psycopg.ProgrammingError:
        is_sound = False
    if not is_sound:  # a part of an unescaped password may be anywhere
        raise SettingsError(
            "A database URL in the settings (DATABASE_URL, ..._DATABASE_URL) cannot be read: write "
            "postgresql://user:password@host:5432/database, with special characters of the password as %XX "
            "(@ is %40, / is %2F)."
        )
    return parts


def make_url(parts: Mapping[str, str]) -> str:
    """Build a libpq URI; the inverse of url_parts."""
    rest = dict(parts)
    user, password, database = (quote(rest.pop(key, ""), safe="") for key in ("user", "password", "dbname"))
    credentials = f"{user}{':' if password else ''}{password}{'@' if user or password else ''}"
    host = rest.get("host", "")
    where = ""
    if host and re.fullmatch(r"[\w.-]+", host):  # else (folder, list, IPv6) in the query
        where = rest.pop("host") + (f":{rest.pop('port')}" if "port" in rest else "")
    query = urlencode(rest, quote_via=quote)
    return f"postgresql://{credentials}{where}/{database}{'?' if query else ''}{query}"


def hide_secrets(text: str, parts: Mapping[str, str]) -> str:
    """Return the text with *** for the password of the URL that `parts` came from."""
    for key in ("password", "sslpassword"):
        if parts.get(key):
            text = text.replace(parts[key], "***")
    return text


def libpq_environment(parts: Mapping[str, str]) -> dict[str, str]:
    """Return parts of a URL (sslmode, options, ...) as the environment variables that libpq reads."""
    names = {option.keyword.decode(): option.envvar for option in pq.Conninfo.get_defaults()}
    variables = {key: name.decode() for key, name in names.items() if name is not None}
    return {variables[key]: value for key, value in parts.items() if key in variables}
