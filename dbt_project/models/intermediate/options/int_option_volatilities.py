"""Volatilities implied by past quotes and entry prices (method: python_models.options.valuation)."""

from python_models.options.valuation import observed_volatilities


def model(dbt, session):
    dbt.config(materialized="build_table")
    return observed_volatilities(dbt.ref("int_option_observations"))
