"""Lots and disposals of the instruments that have transactions (method: python_models.lots.trades)."""

from python_models.lots.traded import traded_lots


def model(dbt, session):
    dbt.config(materialized="build_table")
    return traded_lots(
        dbt.ref("int_statement_lots"), dbt.ref("int_statement_disposals"), dbt.ref("int_transaction_trades")
    )
