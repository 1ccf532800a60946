"""When a night begins, for the schedule and for those who watch that it ran."""

from datetime import time

NIGHT_START = time(23, 30)
"""UTC: after the close in New York, in winter and in summer."""
