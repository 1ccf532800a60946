"""Lets dbt-postgres run Python models.

dbt-postgres does not support them; dbt's extension points allow it: a plugin (dbt imports every package named
dbt_* and reads its ``plugins``) gives the adapter a submission helper, and the project's materializations
`mart` and `build_table` call it. A model runs in a thread of dbt's process, or in a process of its own while
model_processes (python_models.runtime.processes) is open.
"""

from __future__ import annotations

import os
from typing import Any

import psycopg
from dbt.adapters.base.impl import PythonJobHelper
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.postgres.impl import PostgresAdapter
from dbt.plugins.manager import dbtPlugin
from dbt_common.exceptions import DbtRuntimeError

from python_models.runtime.frames import FrameError
from python_models.runtime.model import PythonModel
from python_models.runtime.processes import ModelProcessEndedError, run_where_allowed
from python_models.runtime.workers import WorkersError


class PythonModelJob(PythonJobHelper):
    """Executes one compiled Python model and writes its frames."""

    def __init__(self, parsed_model: dict[str, Any], credential: Any) -> None:
        self.model = parsed_model
        self.credentials = credential

    def submit(self, compiled_code: str) -> int:
        """Run the model and write its frames; returns the number of rows written."""
        model = PythonModel.of(self.model, compiled_code)
        try:
            return run_where_allowed(model, self._conninfo())
        except (FrameError, ModelProcessEndedError, WorkersError) as error:
            raise DbtRuntimeError(str(error)) from error

    def _conninfo(self) -> str:
        """The profile's connection, with its role and the build's settings, as one libpq string."""
        profile = self.credentials
        role = f"-c role={profile.role}" if profile.role else ""
        info = psycopg.conninfo.make_conninfo(
            "",
            host=profile.host,
            port=profile.port,
            user=profile.user,
            password=profile.password or None,
            dbname=profile.database,
            sslmode=profile.sslmode,
            # these replace the environment's options, so they must include them: they hold the build's
            # settings
            options=f"{os.environ.get('PGOPTIONS', '')} {role}".strip() or None,
            application_name="dbt python models",
        )
        return str(info)


def _response(rows: int) -> AdapterResponse:
    return AdapterResponse(_message=f"INSERT {rows}", rows_affected=rows, code="INSERT")


class PythonModelsPlugin(dbtPlugin):
    """Enables Python models in the Postgres adapter; adds no nodes and no artifacts to dbt."""

    def initialize(self) -> None:
        """Set the three members through which BaseAdapter.submit_python_job finds its helper."""
        members: dict[str, object] = {
            "python_submission_helpers": {"python_model": PythonModelJob},
            "default_python_submission_method": "python_model",
            "generate_python_submission_response": staticmethod(_response),
        }
        for name, member in members.items():
            setattr(PostgresAdapter, name, member)
