"""Transactions of portfolios: buys, sells, dividends, fees, splits and transfers, from a file."""
