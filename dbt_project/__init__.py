"""Hands dbt the plugin that runs Python models in this process (dbt reads `plugins` of every dbt_* package)."""

from python_models.dbt_runtime import PythonModelsPlugin

plugins = [PythonModelsPlugin]
