"""What is no figure of an answer: dates, ordinals of lists, names with digits, window lengths, code, links.

These are blanked, so that offsets stay. docs/chat.md says the same in words.
"""

import re
from collections.abc import Iterable

BLANK = "\x00"

_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    "|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:19|20)\d\d"
_TIME_UNIT = "(?:day|session|week|month|quarter|year|hour|minute|second)"
_CLOCK = r"(?:[01]?\d|2[0-3])"
_COUNTED = (
    r"(?:positions?|holdings?|shares?|contracts?|sessions?|days?|points?|securities|rows?|dollars?|USD|names?"
    r"|stocks?|portfolios?|trades?|lots?|units?|options?)"
)
_COUNT_WORD = "(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_COUNT = rf"(?:\d{{1,3}}|{_COUNT_WORD})"
_MEASURE = (
    r"(?:VaR|CVaR|ES|value[- ]at[- ]risk|expected shortfall|confidence|quantile|prediction interval|interval"
    r"|tail)"
)
_LEVEL = r"(?:90|95|97\.5|98|99|99\.5|99\.9)"

_CODE = (
    r"```[ \t]*\w+[^\n]*\n[\s\S]*?(?:```|\Z)",  # a block that names its language
    r"```\s*(?i:select|with)\b[\s\S]*?(?:```|\Z)",
    r"`(?=[^`\n]*[A-Za-z_]{2})[^`\n]*`",  # a span with words in it: names, statements
)
_LINKS = (
    r"\bhttps?://[^\s)>\]]+",
    r"(?<=\]\()[^)\s]+",
    r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.[\w.]+",
    r"(?i)\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",
    r"\[q\d+(?:\.r\d+)?(?:\.c\d+)?\]",  # a citation
    r"\[\^?\d{1,3}\](?!\()",  # a footnote
    r"(?<=[A-Za-z)])\^\d+",  # a power: R^2
)
_DATES = (
    rf"\b{_YEAR}-\d\d-\d\d(?:[T ]{_CLOCK}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|\s?[+-]\d\d:?\d\d)?)?(?![\d-])",
    rf"\b{_YEAR}[/.]\d{{1,2}}[/.]\d{{1,2}}\b",
    rf"\b\d{{1,2}}[./]\d{{1,2}}[./](?:{_YEAR}|\d\d)\b(?![./,]\d)",
    rf"\b{_YEAR}-(?:0[1-9]|1[0-2])\b(?!-?\d)",
    rf"\b{_MONTH}\.?\s+{_DAY}(?:\s?[-\u2013]\s?{_DAY})?(?:,?\s+{_YEAR})?\b(?![\d.,]*\d)(?!\s?%)",
    rf"\b{_DAY}(?:\s?[-\u2013]\s?{_DAY})?\s+(?:of\s+)?{_MONTH}\b\.?(?:,?\s+{_YEAR}\b)?",
    rf"\b{_MONTH}\.?,?\s+{_YEAR}\b",
    r"\b[QH][1-4](?:[ -]?(?:FY)?(?:\d{4}|'?\d\d)\b)?|\b\d{4}[ -]?[QH][1-4]\b",
    r"\bFY ?'?\d{2,4}\b|(?<!\d)['\u2019]\d\d\b",
    r"(?i)\b(?:on|of|by|since|until|from|to|through)\s+(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])\b(?!/)",
    rf"\b{_CLOCK}:[0-5]\d(?::[0-5]\d)?(?:\s?(?i:[ap]\.?m\b\.?))?",
    rf"(?i)\b{_CLOCK}\s?[ap]\.?m\b\.?",
    (  # a year stands alone: no separators, no currency, no unit, nothing that it counts
        rf"(?<![\w$€£¥.,\-\u2212])(?<![$€£¥] ){_YEAR}s?\b(?![.,]\d)(?!\s?%)"
        rf"(?!\s?(?i:bps?|percent|k|thousand|million|billion)\b)(?!\s(?:\w+\s)?{_COUNTED}\b)"
    ),
)
_INDEX = "Russell|Nasdaq|NASDAQ|Dow|FTSE|Nikkei|CAC|DAX|Fortune|Stoxx|STOXX|Wilshire|MSCI|NDX|ISO"
_LABEL = (
    r"step|option|scenario|tier|level|phase|section|table|figure|chapter|part|rule|note|item|no\.|question"
    r"|page|version|priority"
)
_NAMES = (
    rf"\bS\s?&\s?P(?:[ -]?500)?|\b(?:{_INDEX})[ -]\d+\b",
    r"\b(?:10-[KQ]|8-K|6-K|20-F|13-?[DFG]|401\(?k\)?|24/7|3M(?= (?:Co\b|Company|stock|shares)))(?!\w)",
    r"\b[A-Z]{1,6}[ ]{0,5}\d{6}[CP]\d{8}\b",  # an option's symbol
    r"\b(?:VaR|ES|CVaR)[ -]?\d{2}(?:\.\d)?\b",
    r"(?<![\w])[^\W\d_]{2,}(?:-[^\W\d_]+){0,5}-\d+(?!\w|\.\d|,\d|\s?%)",  # COVID-19
    rf"(?i)\b(?:{_LABEL})\s\d{{1,3}}\b(?!\.\d|,\d|\s?%)|(?<!\w)#\d{{1,3}}\b",
    r"\b\d{1,4}(?:st|nd|rd|th)\b(?!\s+percentile)",  # ranks
    rf"\b{_LEVEL}(?:st|nd|rd|th)\s+percentile\b",
)
_LISTS = (r"(?m)^[ \t>]*(?:[-*+][ \t]+)?(?:#{1,6}[ \t]*)?[*_]{0,2}\(?\d{1,3}[.)][*_]{0,2}(?=\s|\*)",)
_PERCENT = r"(?:\s?%|\s?percent)?"
_WINDOWS = (
    rf"(?i)\b\d{{1,4}}[ ]?-[ ]?{_TIME_UNIT}s?\b",  # the 90-day beta
    (
        r"(?i)\b(?:last|past|trailing|previous|preceding|rolling|next|over|with|using)\s+(?:the\s+)?"
        r"(?:(?:last|past|trailing|previous|preceding|next)\s+)?"
        rf"(?:\d{{1,4}}|{_COUNT})\s+(?:(?:trading|calendar|business)\s+)?{_TIME_UNIT}s\b"
    ),
    r"(?i)\b(?:252|360|365)\s+(?:trading\s+|calendar\s+)?(?:sessions|days)\b(?:\s+(?:a|per)\s+year)?",
    rf"(?i)(?<![\w.,]){_LEVEL}{_PERCENT}[\s-]{{1,3}}(?:[\w-]{{1,40}}\s+){{0,2}}{_MEASURE}\b",
    rf"(?i)\b{_MEASURE}\s*(?:at\s+(?:the\s+|a\s+)?|\(\s*|@\s*){_LEVEL}{_PERCENT}(?![\d.,]*\d)",
    r"(?i)\b\d{1,2}[- ](?:factor|sigma|delta|standard[- ]deviation)\b",
    r"(?i)\bper\s+(?:1|100)\s?(?:%|bps?|basis points?|percent|vol(?:atility)? points?|points?)",
    r"(?i)(?<![\w.,])1(?:\s?%|\s?bp|\s?percent|[- ](?:basis|vol)[- ]point)\s+(?:move|change|shift)\b",
    r"(?i)\bscale\s+(?:of|from)\s+\d+\s*(?:to|[-\u2013])\s*[\d,]+",
)
_NOT_A_VALUE = r"(?![.,]\d|\s?%|\s?[-\u2013]\s?\d|\s?(?:k|m|bn|million|thousand|billion|percent|bps?)\b)"
_SELECTIONS = (
    # these state nothing: the top three, the 5 largest
    rf"(?i)\b(?:top|bottom|first|these|those)[ -]{_COUNT}\b{_NOT_A_VALUE}",
    rf"(?i)\b(?:the|or)\s+{_COUNT_WORD}\b",
    rf"(?i)(?<![\w$€£¥.,])(?<![$€£¥] ){_COUNT}\s+(?:\w+est|most|least|top|best|worst)\b",
    rf"(?i)\b{_COUNT_WORD}(?:-[a-z]\w*|\s+or\s+{_COUNT_WORD}\b)",  # two-sided, two or three
)
_FIRST_COLUMN = re.compile(r"(?m)^[ \t]*\|[ \t]*(\d{1,3})[ \t]*\|")
_EXEMPT = tuple(
    re.compile(one) for one in (*_CODE, *_LINKS, *_LISTS, *_DATES, *_NAMES, *_WINDOWS, *_SELECTIONS)
)
_WORD = re.compile(r"\w+")
_HAS_DIGIT = re.compile(r"\d")
# numbers, dates, and symbols, which are no numbers anyway
_IS_PLAIN = re.compile(r"[\d\W_]*(?:[eE][-+]?\d+)?$|[^\W\d_]\w*$")
_LONGEST_NAME = 400


def blanked(text: str, names: Iterable[str] = ()) -> str:
    """The text with all that is exempt blanked out, of the same length.

    names: texts of the results; where the answer repeats one with digits word for word ("Fund 2030"),
    they are no figures.
    """
    text = _without_names(text, names)
    for pattern in _EXEMPT:
        text = pattern.sub(lambda match: BLANK * len(match[0]), text)
    return _without_row_numbers(text)


def _without_names(text: str, names: Iterable[str]) -> str:
    words = set(_WORD.findall(text))
    present = {
        name
        for name in names
        if len(name) <= _LONGEST_NAME
        and _HAS_DIGIT.search(name)
        and not _IS_PLAIN.match(name)
        and (first := _WORD.search(name))
        and first[0] in words
        and name in text
    }
    for name in sorted(present, key=len, reverse=True):
        whole = rf"(?<![\w$€£¥.,\-\u2212]){re.escape(name)}(?![\w%]|[.,]\d)"
        text = re.sub(whole, lambda match: BLANK * len(match[0]), text)
    return text


def _without_row_numbers(text: str) -> str:
    """Blank the first column of a Markdown table where it counts its rows from 1."""
    rows = list(_FIRST_COLUMN.finditer(text))
    expected = 1
    for match in rows:
        number = int(match[1])
        if number not in {1, expected}:
            return text
        expected = number + 1
    for match in rows:
        text = text[: match.start(1)] + BLANK * len(match[1]) + text[match.end(1) :]
    return text
