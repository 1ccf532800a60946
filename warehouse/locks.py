"""Numbers of the advisory locks."""

LOAD_LOCK = 7305001
"""Every load holds it in shared mode until it commits. The build takes it exclusively for an instant, so that
no load with a finished_at before `known_at` can still be uncommitted."""

BUILD_LOCK = 7305002
"""Held by the running build; only one runs at a time."""

BOOTSTRAP_LOCK = 7305003
"""Held while the numbered SQL files are applied."""

ALARM_LOCK = 7305004
"""Held while incidents are compared with what is found now and reported: two processes would report twice."""
