"""Shapes of answers on returns, on what contributes to return and risk, and on liquidity."""
