"""Register the dbt plugin that runs Python models: dbt reads `plugins` from every dbt_* package."""

from python_models.runtime.plugin import PythonModelsPlugin

plugins = [PythonModelsPlugin]
