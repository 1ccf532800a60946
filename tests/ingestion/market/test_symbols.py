"""The symbols that are priced whatever the portfolios hold."""

from ingestion.market.symbols import factor_etfs


def test_factor_etfs_are_those_of_the_seed_and_the_ones_always_priced() -> None:
    assert factor_etfs() == {"SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV", "SIZE", "VLUE", "TLT", "VIX"}
