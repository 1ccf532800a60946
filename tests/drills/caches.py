"""Damaged caches: what dbt parsed, its manifest, its results, and the databases of yfinance's time zones.

A cache that is unreadable, or that is not what was written, is made again; none may change a figure.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.drills.damage import DAMAGES
from tests.drills.ground import Ground
from tests.drills.trial import Outcome, trial

CACHES = ("dbt/parsed-*.msgpack", "dbt/partial_parse.msgpack", "dbt/manifest.json", "dbt/run_results.json")
FLIPS = 200
"""Single bits that are flipped in one file: most of its bytes are text that a parser accepts changed."""


def caches(ground: Ground, outcome: Outcome, rng: Random) -> None:
    """A round for each kind of damage, to all caches at once; and one with the parsed project missing."""
    for kind in DAMAGES:
        cache_round(ground, outcome, rng, kind)
    cache_round(ground, outcome, rng, "flipped bit", spared="dbt/parsed-*.msgpack")


def cache_round(ground: Ground, outcome: Outcome, rng: Random, kind: str, *, spared: str = "") -> None:
    """Damage the caches before the night. spared: a cache that is removed, so that the others are read."""
    damage: Callable[[Path, Random], None] = DAMAGES[kind]
    folder = ground.home / ".warehouse"
    with trial(ground, outcome, rng) as disturbed:
        for pattern, path in _files(folder):
            if pattern == spared:
                path.unlink()
                continue
            for _ in range(FLIPS if kind == "flipped bit" else 1):
                damage(path, rng)
            disturbed.fault(f"{path.name.partition('-')[0].partition('.')[0]} {kind}")
        disturbed.run_to_the_end()


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for pattern in CACHES:
        yield from ((pattern, path) for path in sorted(folder.glob(pattern)))
