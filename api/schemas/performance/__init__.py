"""Shapes of answers on returns and on what contributes to return and risk."""
