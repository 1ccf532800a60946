"""`python -m tests.drills`: see run.py."""

import sys

from tests.drills.run import main

sys.exit(main())
