"""Decode a text file that people saved: UTF-8, UTF-16, or Windows' Latin-1 where it plainly is that."""

import codecs

from ingestion.files.csv_reader import UnreadableFileError

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SAMPLE = 256  # bytes
MOST_LINES = 1_048_576  # as many as a sheet of Excel has; each takes some hundred bytes of memory
_PUNCTUATION = frozenset("€£§°·–—‘’“”„«»…®™½¼¾ \xa0")  # noqa: RUF001 - what Windows' programs write


def decode(content: bytes) -> tuple[str, str | None]:
    """The text, and the name of its encoding if it is not UTF-8.

    Raises UnreadableFileError naming the first line that is not UTF-8, or if there are too many.
    """
    text, encoding = _decoded(content)
    lines = max(map(text.count, "\n\r"))
    if lines > MOST_LINES:
        sentence = f"the file has {lines:,} lines; at most {MOST_LINES:,} are allowed: remove the empty ones."
        raise UnreadableFileError("malformed", sentence)
    return text, encoding


def _decoded(content: bytes) -> tuple[str, str | None]:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), _unmarked(content))
    if encoding.startswith("utf-16"):
        try:
            return content.decode(encoding), "UTF-16"
        except UnicodeDecodeError as error:
            sentence = "the file begins like UTF-16 but cannot be read; save it as CSV UTF-8."
            raise UnreadableFileError("encoding", sentence) from error
    try:
        return content.decode(encoding), None
    except UnicodeDecodeError as error:
        text = _latin(content)
        if text is not None:
            return text, "Latin-1"
        line = content.count(b"\n", 0, error.start) + 1
        sentence = f"line {line} is not written in UTF-8; save the file as CSV UTF-8."
        raise UnreadableFileError("encoding", sentence, line) from error


def _unmarked(content: bytes) -> str:
    """The encoding of a file without a byte-order mark: half of the bytes of UTF-16 are zero."""
    sample = content[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 > len(sample) and min(even, odd) == 0:
        return "utf-16-le" if odd else "utf-16-be"
    return "utf-8"


def _latin(content: bytes) -> str | None:
    """The text in Windows-1252, if all of its special characters are letters and punctuation of words."""
    if 0 in content:
        return None
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return None
    special = {character for character in text if not character.isascii()}
    return text if all(one.isalpha() or one in _PUNCTUATION for one in special) else None
