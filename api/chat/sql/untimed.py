"""Bounds on work during which PostgreSQL looks at no timeout: arithmetic with long numbers, and searches.

What is looked for in a text or a list is compared with every place of it: for two texts of a megabyte that
takes hours, which neither a timeout nor a disconnected client ends. So it must be short.
"""

from typing import Any, Final

from pglast import ast

from api.chat.sql.errors import StatementRefused

MAX_ARITHMETIC: Final = 50
"""Products, quotients, powers and the like: with numbers of 100,000 digits each takes a quarter of a second,
and PostgreSQL looks at no timeout before the end of a row."""

ARITHMETIC: Final = frozenset({
    "*", "/", "%", "^", "|/", "||/",
    "sqrt", "cbrt", "exp", "ln", "log", "log10", "power", "pow", "mod", "div", "gcd", "lcm", "width_bucket",
})  # fmt: skip

MAX_SOUGHT: Final = 200
"""Characters of a text, and items of a list, that may be looked for."""

SOUGHT: Final = {
    "translate": slice(1, 3),
    **dict.fromkeys(("btrim", "ltrim", "rtrim", "strpos", "position", "replace", "split_part"), slice(1, 2)),
    **dict.fromkeys(("string_to_array", "string_to_table"), slice(1, 2)),
}
"""Which arguments of a function are looked for in the first one."""

PATTERNS: Final = frozenset({"~~", "~~*", "!~~", "!~~*", "?|", "?&"})
"""Operators that look for the right side in the left one."""

CONTAINMENTS: Final = frozenset({"@>", "<@", "&&"})
"""Operators that compare each item of one side with those of the other."""

SHORTENED: Final = {"left": 1, "right": 1, "substr": 2, "substring": 2}
"""Functions that cut a text, with the place of the length among their arguments."""

SAME_LENGTH: Final = frozenset({"lower", "upper", "like_escape", "similar_to_escape"})


def check_function(name: str, arguments: Any) -> None:
    """Check a call of a function. Raises StatementRefused."""
    if not all(map(_is_short, (arguments or ())[SOUGHT.get(name, slice(0, 0))])):
        raise _too_long(name)


def check_operator(name: str, left: Any, right: Any) -> None:
    """Check an expression with an operator. Raises StatementRefused."""
    if name in PATTERNS and not _is_short(right):
        raise _too_long("like" if "~" in name else name)
    if name in CONTAINMENTS and not (_is_short(left) or _is_short(right)):
        raise _too_long(name)


def check_sublink(name: str) -> None:
    """Check the operator before ANY or ALL with a sub-select, which may give long texts."""
    if name in PATTERNS | CONTAINMENTS:
        raise _too_long("like" if "~" in name else name)


def _is_short(node: Any) -> bool:
    """Whether the statement itself shows that the value is short."""
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.A_Const):
            value: Any = part.val
            is_short = not isinstance(value, ast.String) or len(value.sval or "") <= MAX_SOUGHT
        elif isinstance(part, ast.A_ArrayExpr):
            elements: Any = part.elements or ()
            is_short = len(elements) <= MAX_SOUGHT
            pending += elements
        elif isinstance(part, ast.TypeCast):
            is_short = True
            pending.append(part.arg)
        else:
            further = _parts_of(part)
            is_short = further is not None
            pending += further or ()
        if not is_short:
            return False
    return True


def _parts_of(node: Any) -> list[Any] | None:
    """What must be short for the value of an expression to be short; None if nothing makes it so."""
    if isinstance(node, ast.A_Expr):
        return [node.lexpr, node.rexpr] if _last(node.name) == "||" else None
    if not isinstance(node, ast.FuncCall):
        return None
    name, arguments = _last(node.funcname), list(node.args or ())
    if name in SAME_LENGTH:
        return arguments
    place = SHORTENED.get(name)
    return [] if place is not None and _is_small(arguments[place : place + 1]) else None


def _is_small(arguments: list[Any]) -> bool:
    """Whether this is a length, written as a number."""
    number = arguments[0].val if arguments and isinstance(arguments[0], ast.A_Const) else None
    return isinstance(number, ast.Integer) and 0 <= (number.ival or 0) <= MAX_SOUGHT


def _last(name: Any) -> str:
    return str(name[-1].sval)


def _too_long(name: str) -> StatementRefused:
    return StatementRefused(
        "too_long",
        f"What {name} looks for must be short, and be seen to be: write it out, with up to {MAX_SOUGHT} "
        f"characters or items, or cut it, as in left(x, {MAX_SOUGHT}).",
    )
