"""Numbers of the advisory locks; two programs that mean the same lock must name the same number."""

LOAD_LOCK = 7305001
"""Held shared by every load until it commits; the build takes it exclusively for an instant, so that no
load that says it finished before `known_at` can still be uncommitted."""

BUILD_LOCK = 7305002
"""Held by the one build that may run."""

BOOTSTRAP_LOCK = 7305003
"""Held while the numbered SQL files are applied."""
