"""Given and expected shocks to all factors (method and sources: python_models.stress.scenarios)."""

from python_models.stress.scenarios import scenario_shocks


def model(dbt, session):
    dbt.config(materialized="mart")
    return scenario_shocks(dbt.ref("int_window_covariances"), dbt.ref("scenarios"))
