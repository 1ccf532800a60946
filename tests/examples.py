"""How many examples a property is tried on: few before each commit, more in the run of all tests."""

from hypothesis import settings

FEW = settings.get_profile("default").max_examples
settings.register_profile("long", max_examples=3 * FEW)


def examples(few: int) -> int:
    """So many examples, or as many times more as the chosen profile has (--hypothesis-profile long)."""
    return few * settings.default.max_examples // FEW
