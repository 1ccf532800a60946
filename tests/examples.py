"""The number of examples for property tests: few before each commit, more in the full test run."""

from hypothesis import settings

FEW = settings.get_profile("default").max_examples
settings.register_profile("long", max_examples=3 * FEW)


def examples(few: int) -> int:
    """The number of examples, multiplied in the larger profile (--hypothesis-profile long)."""
    return few * settings.default.max_examples // FEW
