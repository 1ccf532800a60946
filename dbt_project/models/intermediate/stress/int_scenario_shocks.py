"""Given and conditional moves of all factors (method and sources: python_models.stress.scenarios)."""

from python_models.stress.rules import StressConfig
from python_models.stress.scenarios import FactorState, scenario_shocks


def model(dbt, session):
    dbt.config(materialized="mart")
    state = FactorState(
        dbt.ref("int_window_covariances"), dbt.ref("int_style_betas"), dbt.ref("int_volatility_index")
    )
    factors = dbt.ref("factors")
    return scenario_shocks(
        state,
        dbt.ref("scenarios"),
        factors[factors["model"] == "risk"],
        StressConfig(**dbt.config.get("stress_rules")),
    )
