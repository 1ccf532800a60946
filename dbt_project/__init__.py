"""Hands dbt the plugin that runs Python models: dbt reads `plugins` of every dbt_* package."""

from python_models.dbt_runtime import PythonModelsPlugin

plugins = [PythonModelsPlugin]
