"""Backtest of value at risk (method and sources: python_models.portfolio.backtest)."""

from python_models.portfolio.backtest import TrafficLight, backtest_frame


def model(dbt, session):
    dbt.config(materialized="mart")
    return backtest_frame(
        dbt.ref("int_backtest_counts"),
        minimum=dbt.config.get("backtest_minimum"),
        light=TrafficLight(**dbt.config.get("traffic_light")),
    )
