"""The parameters of the method, read from the variables of dbt_project.yml."""

from functools import cache
from typing import Any

import yaml

from warehouse.settings import project_root


@cache
def method_variables() -> dict[str, Any]:
    """The variables of dbt_project/dbt_project.yml by name: windows, minimums, thresholds."""
    text = (project_root() / "dbt_project" / "dbt_project.yml").read_text("utf-8")
    variables: dict[str, Any] = yaml.safe_load(text)["vars"]
    return variables
