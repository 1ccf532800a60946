"""What is imported before the API can serve: nothing that only the chat's model or MCP needs."""

import subprocess
import sys

HEAVY = ("openai", "mcp", "mcp_types", "httpx2", "pandas")


def test_the_api_starts_without_the_packages_of_the_model_and_of_mcp() -> None:
    code = f"import sys, api.app; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
