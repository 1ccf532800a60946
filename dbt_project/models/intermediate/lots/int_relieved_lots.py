"""The lots that disposals relieve under every method (methods and sources: python_models.lots)."""

from python_models.lots.tables import lot_relief


def model(dbt, session):
    dbt.config(materialized="build_table")
    lots = dbt.ref("int_tax_lots")
    methods = dbt.ref("stg_raw__lot_methods")
    return lot_relief(lots[~lots["is_whole"]], dbt.ref("int_lot_disposals"), methods)
