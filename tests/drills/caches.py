"""Damaged caches: what dbt parsed, its manifest, its results, and the databases of yfinance's time zones.

A cache that is unreadable, or that is not what was written, is made again; none may change a figure.
"""

from collections.abc import Mapping
from pathlib import Path
from random import Random

from tests.drills.damage import DAMAGES
from tests.drills.ground import Ground
from tests.drills.trial import Outcome, trial

CACHES = ("dbt/parsed-*.msgpack", "dbt/partial_parse.msgpack", "dbt/manifest.json", "dbt/run_results.json")
GONE = "gone"
FLIPS = 200
"""Single bits that are flipped in one file: most of its bytes are text that a parser accepts changed."""


def caches(ground: Ground, outcome: Outcome, rng: Random, rounds: int = 3) -> None:
    """Each cache damaged in another way in each round; then all but the parsed project, which is gone."""
    kinds = rng.sample(list(DAMAGES), len(DAMAGES))
    for number in range(rounds):
        chosen = {pattern: kinds[(number + place) % len(kinds)] for place, pattern in enumerate(CACHES)}
        cache_round(ground, outcome, rng, chosen)
    cache_round(ground, outcome, rng, dict.fromkeys(CACHES[1:], "flipped bit") | {CACHES[0]: GONE})


def cache_round(ground: Ground, outcome: Outcome, rng: Random, kinds: Mapping[str, str]) -> None:
    """Damage the caches before the night. kinds: of damage, by pattern."""
    with trial(ground, outcome, rng) as disturbed:
        for pattern, kind in kinds.items():
            for path in (ground.home / ".warehouse").glob(pattern):
                _damage(path, kind, rng)
                disturbed.fault(kind)
        disturbed.run_to_the_end()


def _damage(path: Path, kind: str, rng: Random) -> None:
    if kind == GONE:
        path.unlink()
        return
    for _ in range(FLIPS if kind == "flipped bit" else 1):
        DAMAGES[kind](path, rng)
