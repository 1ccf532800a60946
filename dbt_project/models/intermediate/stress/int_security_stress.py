"""P&L per unit of each security and scenario (method and sources: python_models.stress.securities)."""

from python_models.stress.rules import StressConfig
from python_models.stress.securities import security_stress


def model(dbt, session):
    dbt.config(materialized="mart")
    return security_stress(
        dbt.ref("int_stress_inputs"),
        dbt.ref("int_risk_betas"),
        dbt.ref("int_shocks_in_window"),
        dbt.ref("int_replay_returns"),
        StressConfig(**dbt.config.get("stress_rules")),
    )
