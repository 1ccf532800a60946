"""Every grant of every role: read from the warehouse and the chat's database, and written as lines.

A line says which roles have which rights on which objects of a place. It names all objects at once where a
right is on all of them, so that a new mart changes no line.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from flows.database import Connection, rows
from warehouse.connections import AI, ANALYST, API, AUTH, CHAT, WRITER, Warehouse, connect
from warehouse.urls import make_url, url_parts

GRANTS, OBJECTS = (Path(__file__).with_name(name).read_text() for name in ("grants.sql", "objects.sql"))
ROLES: Final = (WRITER, ANALYST, API, AUTH, AI, CHAT)
PROGRAM: Final = "sigmasight grants"
OF_POSTGRES: Final = "PostgreSQL's own"
MOST_EXCEPTIONS: Final = 3
"""Objects without a right that all others of their place have: with more, those that have it are named."""

GROWING: Final = frozenset(
    {"schema marts", "schema marts_at", "schema marts_history", "schema udf", "chat, schema chat"}
)
"""Places to which models and migrations add objects: a right on all of them is written as that."""

FEWEST_OF_FAMILY: Final = 3
"""Functions of PostgreSQL with the same beginning and the same rights are written as one name with a star."""


class Fact(NamedTuple):
    """One right of one role on one object."""

    place: str
    kind: str
    name: str
    right: str
    role: str


class Object(NamedTuple):
    """An object that a right may be on."""

    place: str
    kind: str
    name: str


class Grant(NamedTuple):
    """One right of one role on objects of a kind in a place; objects: a name, `all`, or `all but` some."""

    place: str
    kind: str
    objects: str
    right: str
    role: str

    def sentence(self) -> str:
        """The grant in words."""
        on = " ".join(part for part in (self.objects, self.kind, "of", self.place) if part)
        return f"{self.role}: {self.right}, on {on}"


@dataclass(frozen=True)
class Line:
    """The same rights of the same roles on objects of a kind in a place, as a row of the table."""

    place: str
    kind: str
    objects: tuple[str, ...]
    rights: tuple[str, ...]
    roles: tuple[str, ...]

    def grants(self) -> set[Grant]:
        """The single grants of the line."""
        return {
            Grant(self.place, self.kind, objects, right, role)
            for objects in self.objects
            for right in self.rights
            for role in self.roles
        }


@dataclass(frozen=True)
class Access:
    """What was read. places: pairs of a place and a kind in which there are any objects.

    has_chat: whether the chat's database is there.
    """

    grants: frozenset[Grant]
    places: frozenset[tuple[str, str]]
    has_chat: bool


def read_access(warehouse: Warehouse) -> Access:
    """Read the grants of the warehouse, of its server, and of the chat's database if it is there."""
    with connect(warehouse.admin_url, application_name=PROGRAM) as connection:
        connection.execute("set search_path = pg_catalog, public")
        facts, objects = read_database(connection, owner=WRITER, is_warehouse=True)
        chat = _chat_database(warehouse, connection)
    if chat is not None:
        with connect(chat, application_name=PROGRAM) as connection:
            connection.execute("set search_path = pg_catalog, public")
            of_chat, objects_of_chat = read_database(connection, owner=AI, is_warehouse=False)
        facts += [fact._replace(place=f"chat, {fact.place}") for fact in of_chat]
        objects += [each._replace(place=f"chat, {each.place}") for each in objects_of_chat]
    return access_of(facts, objects, has_chat=chat is not None)


def read_database(
    connection: Connection, *, owner: str, is_warehouse: bool
) -> tuple[list[Fact], list[Object]]:
    """Read the rights and the objects of one database. owner: the role that owns everything in it."""
    values = {"roles": list(ROLES), "owner": owner, "is_warehouse": is_warehouse}
    return (
        [Fact(*row) for row in rows(connection, GRANTS, values)],
        [Object(*row) for row in rows(connection, OBJECTS)],
    )


def access_of(facts: Iterable[Fact], objects: Sequence[Object], *, has_chat: bool) -> Access:
    """Write the objects of the rights in words."""
    return Access(
        grants=frozenset(_grants(facts, objects)),
        places=frozenset((each.place, each.kind) for each in objects),
        has_chat=has_chat,
    )


def _chat_database(warehouse: Warehouse, connection: Connection) -> str | None:
    """The administrator's URL of the chat's database; None if it is not there yet, or elsewhere."""
    if warehouse.settings.ai_database_url is not None:
        return None
    name = url_parts(warehouse.ai_url)["dbname"]
    found = rows(connection, "select from pg_catalog.pg_database where datname = %s", [name])
    return make_url({**url_parts(warehouse.admin_url), "dbname": name}) if found else None


def _grants(facts: Iterable[Fact], objects: Iterable[Object]) -> set[Grant]:
    facts = list(facts)
    existing: dict[tuple[str, str], set[str]] = defaultdict(set)
    for place, kind, name in objects:
        existing[place, kind].add(name)
    granted: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    for fact in facts:
        granted[fact.place, fact.kind, fact.right, fact.role].add(fact.name)
    families = _families({fact.name for fact in facts if _is_of_postgres(fact.place)}, granted)
    return {
        Grant(place, kind, in_words, right, role)
        for (place, kind, right, role), names in granted.items()
        for in_words in (
            {families[name] for name in names}
            if _is_of_postgres(place)
            else _in_words(names, existing[place, kind])
            if place in GROWING and existing[place, kind]
            else names
        )
    }


def _in_words(names: set[str], existing: set[str]) -> set[str]:
    if names >= existing:
        return {"all"}
    missing = existing - names
    if 0 < len(missing) <= MOST_EXCEPTIONS and len(names) > len(missing):
        return {f"all but {' and '.join(sorted(missing))}"}
    return names


def _is_of_postgres(place: str) -> bool:
    return place.endswith(OF_POSTGRES)


def _families(names: set[str], granted: dict[tuple[str, str, str, str], set[str]]) -> dict[str, str]:
    """The family of each name of PostgreSQL's own: names that begin alike and have the same rights."""
    rights: dict[str, frozenset[tuple[str, ...]]] = {
        name: frozenset(key for key, those in granted.items() if _is_of_postgres(key[0]) and name in those)
        for name in names
    }
    members: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for beginning in _beginnings(name):
            members[beginning].append(name)
    alike = {
        beginning
        for beginning, those in members.items()
        if len(those) >= FEWEST_OF_FAMILY and len({rights[name] for name in those}) == 1
    }
    return {
        name: next((f"{beginning}*" for beginning in _beginnings(name) if beginning in alike), name)
        for name in names
    }


def _beginnings(name: str) -> list[str]:
    """What a name begins with, up to each of its underscores: the shortest first."""
    return [name[: found.end()] for found in re.finditer("_", name)]


# --- lines ----------------------------------------------------------------------------------------


def lines_of(grants: Iterable[Grant]) -> list[Line]:
    """Put grants into one line that differ in the right, in the role or in the object only."""
    rights: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    for place, kind, objects, right, role in grants:
        rights[place, kind, objects, role].add(right)
    roles: dict[tuple[str, str, str, tuple[str, ...]], set[str]] = defaultdict(set)
    for (place, kind, objects, role), those in rights.items():
        roles[place, kind, objects, tuple(sorted(those))].add(role)
    merged: dict[tuple[str, str, tuple[str, ...], tuple[str, ...]], set[str]] = defaultdict(set)
    for (place, kind, objects, of_line), those in roles.items():
        merged[place, kind, of_line, tuple(sorted(those))].add(objects)
    return sorted(
        (
            Line(place, kind, tuple(sorted(objects)), of_line, of_roles)
            for (place, kind, of_line, of_roles), objects in merged.items()
        ),
        key=lambda line: (line.place, line.kind, line.objects, line.roles),
    )


HEAD: Final = ("where", "what", "which", "right", "who")


def table_of(grants: Iterable[Grant]) -> str:
    """Write the lines as a Markdown table."""
    written = [_row(HEAD), _row(["---"] * len(HEAD)).replace(" ", "")]
    written += [
        _row((line.place, line.kind, "; ".join(line.objects), ", ".join(line.rights), ", ".join(line.roles)))
        for line in lines_of(grants)
    ]
    return "\n".join(written)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def read_table(text: str) -> frozenset[Grant]:
    """Read the grants of a table that `table_of` wrote."""
    found: set[Grant] = set()
    for row in text.strip().splitlines()[2:]:
        place, kind, objects, rights, roles = (
            cell.strip().replace("&#124;", "|") for cell in row.strip().removeprefix("|")[:-1].split("|")
        )
        line = Line(
            place, kind, tuple(objects.split("; ")), tuple(rights.split(", ")), tuple(roles.split(", "))
        )
        found |= line.grants()
    return frozenset(found)


# --- comparing ------------------------------------------------------------------------------------


def differences(access: Access, expected: frozenset[Grant]) -> list[str]:
    """A sentence about each grant that is not on the page, or is not in the database.

    What the page says of objects of which there are none yet, such as marts before the first build, is no
    difference.
    """
    extra = [f"Not on the page: {grant.sentence()}." for grant in sorted(access.grants - expected)]
    missing = [
        f"Not in the database: {grant.sentence()}."
        for grant in sorted(expected - access.grants)
        if _is_there(grant, access)
    ]
    return extra + missing


KINDS_WITH_OBJECTS: Final = frozenset({"tables", "views", "sequences", "functions"})


def _is_there(grant: Grant, access: Access) -> bool:
    of_chat = grant.place.startswith("chat, ") or grant.place == "database of the chat"
    if of_chat or (grant.kind == "memberships" and grant.objects == AI):
        return access.has_chat
    if grant.kind not in KINDS_WITH_OBJECTS or "schema " not in grant.place:
        return True
    return (grant.place, grant.kind) in access.places
