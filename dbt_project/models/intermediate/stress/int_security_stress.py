"""P&L per unit of each security and scenario (method and sources: python_models.stress.scenarios)."""

from python_models.stress.scenarios import security_stress


def model(dbt, session):
    dbt.config(materialized="mart")
    return security_stress(
        dbt.ref("int_stress_inputs"), dbt.ref("int_risk_betas"), dbt.ref("int_shocks_in_window")
    )
