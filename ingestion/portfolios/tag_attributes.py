"""How a user's tags are shown: name, colour, description, and whether they are archived.

A tag keeps as its key the name with which it was first assigned. Renaming changes only the name that is
shown, on all dates; assignments are not touched, and both names mean the same tag wherever one is given.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ingestion.errors import InvalidEntryError
from ingestion.portfolios.entries import Row, write_entry
from ingestion.raw.datasets import TAG_ATTRIBUTES
from ingestion.raw.loads import Connection, LoadReport
from ingestion.statements.values import LONGEST_TAG

DEFAULT_TAGS = (
    *("income", "growth", "defensive", "speculative", "tech"),
    *("finance", "healthcare", "energy", "options", "long-term"),
)
"""Tags that are listed even if no position has them."""

LONGEST_DESCRIPTION = 500

_COLOR = re.compile(r"#?([0-9a-fA-F]{6})")

# Tags that a user's positions have or had, and those with attributes. A tag without an owner is a sector.
_USED = """
with positions as (
    select owner_email, symbol, underlying_symbol, investment_class, tags
    from raw.newest_positions join raw.newest_portfolios using (portfolio_id)
)
select owner_email, tag, bool_or(is_automatic)
from (
    select owner_email, tag, false as is_automatic
    from raw.position_tags join raw.newest_portfolios using (portfolio_id)
    union all
    select owner_email, unnest(string_to_array(tags, ';')), false from positions
    union all
    select owner_email, 'options', true from positions where investment_class = 'OPTIONS'
    union all
    select owner_email, sector, true
    from positions
    join raw.company_profiles as profiles on profiles.symbol = coalesce(underlying_symbol, positions.symbol)
    where investment_class <> 'PRIVATE'
    union all
    select null, sector, true from raw.company_profiles
    union all
    select owner_email, tag, false from raw.newest_tag_attributes
) as used
where tag is not null
group by owner_email, tag
"""


@dataclass(frozen=True)
class TagAttributes:
    """A user's tag. tag: its key. name, color (#RRGGBB), description: None where not given."""

    owner_email: str
    tag: str
    name: str | None = None
    color: str | None = None
    description: str | None = None
    is_archived: bool = False

    @property
    def shown(self) -> str:
        """The name that is shown."""
        return self.name or self.tag


@dataclass(frozen=True)
class TagBook:
    """The attributes of all users' tags, by owner and key."""

    stored: Mapping[tuple[str, str], TagAttributes] = field(default_factory=dict)

    def of(self, owner_email: str, tag: str) -> TagAttributes:
        """The attributes of a tag, given its key."""
        return self.stored.get((owner_email, tag)) or TagAttributes(owner_email, tag)

    def find(self, owner_email: str, name: str) -> TagAttributes:
        """The user's tag that is shown by this name or was first assigned with it, known or new."""
        for (owner, _), attributes in self.stored.items():
            if owner == owner_email and attributes.shown == name:
                return attributes
        return self.of(owner_email, name)

    def keys(self, owner_email: str, names: str) -> str:
        """The keys of tags, sorted; names and keys are separated by semicolons."""
        return ";".join(sorted({self.find(owner_email, name).tag for name in names.split(";")}))


def read_tag_book(connection: Connection) -> TagBook:
    """The attributes in force."""
    with connection.transaction():
        rows = connection.execute(
            "select owner_email, tag, name, color, description, is_archived from raw.newest_tag_attributes"
        ).fetchall()
    return TagBook({(row[0], row[1]): TagAttributes(*row) for row in rows})


def checked_tag(text: str) -> str:
    """The name of a tag, without surrounding spaces. Raises InvalidEntryError."""
    tag = text.strip()
    if not tag or len(tag) > LONGEST_TAG or not tag.isprintable():
        raise InvalidEntryError(
            f"{text!r} is not a valid tag; write 1 to {LONGEST_TAG} characters, such as {DEFAULT_TAGS[0]!r}."
        )
    return tag


def rename_tag(connection: Connection, name: str, new_name: str, *, owner: str | None = None) -> LoadReport:
    """Show a tag by another name, on all dates; renaming it to its first name undoes all renaming.

    owner: the user's e-mail address; needed if several users have a tag of this name. Raises
    InvalidEntryError for a name that another of the user's tags has or had first, and for automatic tags.
    """
    new_name = checked_tag(new_name)
    if ";" in new_name:
        raise InvalidEntryError(f"{new_name!r} has a semicolon, which separates tags in files; leave it out.")

    def change(known: TagAttributes, tags: "_Tags") -> TagAttributes:
        if tags.is_automatic(known):
            raise InvalidEntryError(
                f"{known.shown!r} is an automatic tag, named by the sector or class of the positions, and "
                "cannot be renamed; it can be described, coloured and archived."
            )
        tags.check_is_free(known, new_name)
        return replace(known, name=None if new_name == known.tag else new_name)

    return _change(connection, "tags rename", name, owner, change)


def describe_tag(connection: Connection, name: str, text: str, *, owner: str | None = None) -> LoadReport:
    """Describe a tag; an empty text removes the description. Raises InvalidEntryError."""
    description = " ".join(text.split())
    if len(description) > LONGEST_DESCRIPTION or not description.isprintable():
        raise InvalidEntryError(
            f"The description has {len(description)} characters; write at most {LONGEST_DESCRIPTION}, all "
            "printable."
        )
    return _change(
        connection,
        "tags describe",
        name,
        owner,
        lambda known, _: replace(known, description=description or None),
    )


def color_tag(
    connection: Connection, name: str, color: str | None, *, owner: str | None = None
) -> LoadReport:
    """Colour a tag. color: #RRGGBB; None for the colour that is derived from its key.

    Raises InvalidEntryError.
    """
    chosen = None if color is None else _checked_color(color)
    return _change(connection, "tags color", name, owner, lambda known, _: replace(known, color=chosen))


def archive_tag(
    connection: Connection, name: str, *, is_archived: bool = True, owner: str | None = None
) -> LoadReport:
    """Archive a tag, or restore it. Positions keep it. Raises InvalidEntryError."""
    origin = "tags archive" if is_archived else "tags restore"
    return _change(connection, origin, name, owner, lambda known, _: replace(known, is_archived=is_archived))


def find_tag(connection: Connection, name: str, owner: str | None = None) -> TagAttributes:
    """The tag of this name. owner: as for rename_tag. Raises InvalidEntryError naming the known ones."""
    return _Tags.read(connection).find(name, owner)


def _checked_color(text: str) -> str:
    found = _COLOR.fullmatch(text.strip())
    if not found:
        raise InvalidEntryError(
            f"{text!r} is not a colour; write six hexadecimal digits, such as '#2563EB' (in quotes, because "
            "the shell takes # for a comment)."
        )
    return f"#{found[1].upper()}"


@dataclass(frozen=True)
class _Tags:
    """The attributes, the tags that users' positions have or had, and all sectors."""

    book: TagBook
    used: Mapping[tuple[str | None, str], bool]
    owners: tuple[str, ...]

    @classmethod
    def read(cls, connection: Connection) -> "_Tags":
        book = read_tag_book(connection)
        with connection.transaction():
            used = {(owner, tag): is_automatic for owner, tag, is_automatic in connection.execute(_USED)}
            owners = connection.execute(
                "select distinct owner_email from raw.newest_portfolios order by owner_email"
            ).fetchall()
        return cls(book, used, tuple(owner for (owner,) in owners))

    def find(self, name: str, owner: str | None) -> TagAttributes:
        """The tag of this name; predefined tags exist for every user."""
        name = name.strip()
        owner = owner.strip().lower() if owner else None
        if owner is not None and owner not in self.owners:
            raise InvalidEntryError(
                f"{owner} has no portfolio; owners are {', '.join(self.owners) or 'none yet'}."
            )
        asked = self.owners if owner is None else (owner,)
        found = [self.book.find(email, name) for email in asked]
        known = [tag for tag in found if (tag.owner_email, tag.tag) in self.used]
        if not known and name in DEFAULT_TAGS:
            known = found
        if len(known) == 1:
            return known[0]
        if known:
            emails = ", ".join(tag.owner_email for tag in known)
            raise InvalidEntryError(f"Several users have a tag {name!r} ({emails}); add --owner.")
        raise InvalidEntryError(
            f"There is no tag {name!r}; `sigmasight tags list` shows the tags, and `sigmasight tags add` "
            "gives positions a new one."
        )

    def is_automatic(self, tag: TagAttributes) -> bool:
        """Whether positions have the tag by themselves."""
        return tag.tag == "options" or (None, tag.tag) in self.used

    def check_is_free(self, tag: TagAttributes, name: str) -> None:
        """Raise InvalidEntryError if the name means another of the user's tags, or a sector."""
        other = self.book.find(tag.owner_email, name)
        if other.tag == tag.tag:
            return
        if other.shown != name:
            raise InvalidEntryError(
                f"{name!r} was the first name of the tag {other.shown!r} and still means it; choose another "
                "name."
            )
        if self.is_automatic(other) or (tag.owner_email, other.tag) in self.used:
            raise InvalidEntryError(
                f"There is already a tag {name!r}; choose another name, or give it to the positions with "
                "`sigmasight tags add`."
            )


def _change(
    connection: Connection,
    origin: str,
    name: str,
    owner: str | None,
    change: Callable[[TagAttributes, _Tags], TagAttributes],
) -> LoadReport:
    def make(_: object) -> Row | None:
        tags = _Tags.read(connection)
        known = tags.find(name, owner)
        wanted = change(known, tags)
        return None if wanted == known else vars(wanted)

    return write_entry(connection, TAG_ATTRIBUTES, origin, make)
