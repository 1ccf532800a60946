"""Words that say a direction: which signs the cell of an unsigned number may have.

A gain of 5 is a cell of 5. "lost 5" is a cell of -5, or of 5 where the column or its row names a loss.
"5 below" and a value at risk of 5 may be either.
"""

import re
from typing import Literal

_LOST = (
    "down|fell|falls?|fallen|falling|drop(?:s|ped)?|declin(?:e|es|ed|ing)|los(?:t|e|es|ing|s|ses)|slid|sank"
    "|decreas(?:e|es|ed|ing)|underperform(?:s|ed|ing|ance)?|detract(?:s|ed)?|lag(?:s|ged)?|trail(?:s|ed)?"
)
_DOWN = (
    "downside|drawdowns?|below|under|lower|short(?:s|fall|ed)?|debt|owe[sd]?|outflows?|var|es|risk|cut|hit|shed"
    "|withdr(?:ew|awals?|awn)|costs?|drag(?:s|ged)?|detractors?|decay(?:s|ed)?|reduc(?:e|es|ed|ing|tion)"
    "|discount|worse|worst|sold|sells?|sale|paid|pays?|fees?|subtract(?:s|ed)?|behind|deficit|shrank"
)
_UP = (
    "up|upside|rose|ris(?:e|es|en|ing)|gain(?:s|ed)?|increas(?:e|es|ed|ing)|add(?:s|ed)?|profits?|higher|above"
    "|outperform(?:s|ed|ing|ance)?|over|long|positive|inflows?|grew|grow(?:s|n|th)?|climb(?:s|ed)?|surplus"
    "|earn(?:s|ed)?|contribut(?:es|ed)|improv(?:e|es|ed)|ahead|return(?:ed|s)?|made|advanced|jumped"
)
_MINUS = "minus|negative"
_DIRECTION = re.compile(
    rf"\b(?:(?P<lost>{_LOST})|(?P<down>{_DOWN})|(?P<up>{_UP})|(?P<minus>{_MINUS}))\b", re.IGNORECASE
)
_LOOKED_BACK = 60
_LOOKED_AHEAD = 24
_SENTENCE_END = re.compile(r"[.!?;:](?=\s)|[\n|]")

Direction = Literal["lost", "down", "up", "minus", ""]


def direction_around(text: str, start: int, end: int) -> Direction:
    """The direction that the words around text[start:end] say; "" for none.

    The word right behind it ("a 5 % loss") decides; otherwise the nearest one before it in the sentence.
    "minus" is meant only by the word directly before the number.
    """
    behind = _SENTENCE_END.split(text[end : end + _LOOKED_AHEAD], maxsplit=1)[0]
    if (following := re.match(r"[ \u00a0*_-]*(?:of\s+)?(?P<word>[A-Za-z]+)", behind)) and (
        said := _DIRECTION.fullmatch(following["word"])
    ):
        return _direction(said)
    before = _SENTENCE_END.split(text[max(0, start - _LOOKED_BACK) : start])[-1]
    words = list(_DIRECTION.finditer(before))
    if not words:
        return ""
    nearest = words[-1]
    if nearest["minus"]:
        is_direct = not before[nearest.end() :].strip(" *_`$€£¥")
        return "minus" if is_direct else "down"
    return _direction(nearest)


def _direction(word: re.Match[str]) -> Direction:
    if word["lost"]:
        return "lost"
    return "down" if word["down"] or word["minus"] else "up"


_NAMES_A_LOSS = re.compile(
    r"loss|lost|var(?![a-z])|(?<![a-z])es(?![a-z])|drawdown|shortfall|drag|cost|decline|drop|decrease|outflow"
    r"|withdraw|short|underperf|detract|depth|down|tail|fall",
    re.IGNORECASE,
)


def names_a_loss(name: str) -> bool:
    """Whether a column or row so named holds losses as positive numbers, or may."""
    return _NAMES_A_LOSS.search(name) is not None
