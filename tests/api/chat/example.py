"""The chat example of the README, with a scripted model on loopback instead of a vendor's.

    python -m tests.api.chat.example

runs the command of the README on the demo (`make demo` first) and prints what it prints. Everything but the
words is real: the statement runs as the portfolio's owner, and every number is looked up in its result.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.api.chat.responses_server import ModelRequest, Script, serving_model

QUESTION = "How much can I lose on a bad day?"
PORTFOLIO = "Demo Individual Investor Portfolio"
ARGUMENTS = {"name": "var", "portfolio": None, "as_of": None, "published_at": None, "by": None}


def answer(request: ModelRequest) -> str:
    """A sentence with figures from the last result."""
    output = request.last_output
    row = dict(zip(output["columns"], output["rows"][0], strict=True))
    return (
        f"On one day in twenty you can expect to lose ${float(row['var_95_1d']):,.2f} or more, "
        f"on one in a hundred ${float(row['var_99_1d']):,.2f}."
    )


def run_example(**environment: str) -> str:
    """Run the README's command against the scripted model; its output."""
    script = Script().calls("metric", ARGUMENTS).says(answer)
    program = Path(sys.executable).with_name("sigmasight")
    with serving_model() as model:
        model.script(script)
        settings = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": model.url, "EMBEDDING_MODEL": "none"}
        done = subprocess.run(
            [program, "chat", QUESTION, "--portfolio", PORTFOLIO],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **settings, **environment},
        )
    return done.stdout


if __name__ == "__main__":
    sys.stdout.write(run_example())
