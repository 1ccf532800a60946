"""Implied volatility and Greeks of every option held (method and sources: python_models.options.valuation)."""

from functools import partial

from python_models.options.valuation import value_options
from python_models.runtime.workers import spread


def model(dbt, session):
    dbt.config(materialized="build_table")
    contracts = dbt.ref("int_option_inputs")
    # the independent check is slow: it covers only the newest date with live options
    newest = contracts.loc[~contracts["is_settlement"].astype(bool), "as_of_date"].max()
    return spread(partial(value_options, check_date=newest), contracts)
