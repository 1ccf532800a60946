"""The mark of withheld portfolios, which keep an earlier publication because checks of the build fail.

Every answer carries it in the header X-Withheld-Portfolios, and a JSON object in its first field `withheld`.
On most days no portfolio is withheld, and answers are as PostgreSQL wrote them.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

HEADER: Final = "X-Withheld-Portfolios"

Withheld = Sequence[Mapping[str, Any]]
"""Rows of fct_quarantine as JSON; see published_state.sql."""


def concerning(withheld: Withheld, parameters: Mapping[str, Any]) -> Withheld:
    """Those that a request concerns: of the portfolios that it names, else all of the user's."""
    named = parameters.get("portfolio_ids")
    if named is None:
        return withheld
    ids = {str(each) for each in named}
    return [each for each in withheld if each["portfolio_id"] in ids]


def mark_headers(withheld: Withheld) -> dict[str, str]:
    """The header that names them; none if there are none."""
    return {HEADER: ",".join(str(each["portfolio_id"]) for each in withheld)} if withheld else {}


def marked(body: str, withheld: Withheld) -> str:
    """The text of a JSON object with the field `withheld` before its others; any other text as it is."""
    if not withheld or not body.startswith("{"):
        return body
    rest = body[1:].lstrip()
    comma = "" if rest.startswith("}") else ", "
    return f'{{"withheld": {json.dumps(list(withheld), ensure_ascii=False)}{comma}{rest}'


def sentence(one: Mapping[str, Any]) -> str:
    """Why the figures of a withheld portfolio are old, or absent."""
    until = one["last_published_date"]
    figures = "it has no figures yet" if until is None else f"its figures are those of {until}"
    return f"{one['portfolio_name']} is withheld since {one['withheld_since']}; {figures}. {one['reason']}"


def of_portfolio(withheld: Withheld, portfolio_id: UUID | None) -> Mapping[str, Any] | None:
    """The row of this portfolio, None if it is not withheld."""
    return next((each for each in withheld if each["portfolio_id"] == str(portfolio_id)), None)
