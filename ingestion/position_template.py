"""The template of a positions file: every column, with a line of each kind to overwrite."""

from ingestion.position_columns import COLUMNS

_RULES = """\
# One row per lot: what was bought of a symbol on a day at a price. Lines that begin with # are ignored,
# columns may stand in any order, and all but the first four may be left out. Overwrite the examples below.
#
# Symbol                  as listed; BRK.B is BRK-B; options like AAPL270115C00250000, or by columns 7 to 10
# Quantity                negative for a short; contracts for options; at most 6 decimals
# Entry Price Per Share   USD, at most 4 decimals; per share of the underlying for options (5.08, not 508)
# Entry Date              YYYY-MM-DD
# Investment Class        PUBLIC, OPTIONS or PRIVATE; empty: told by the symbol
# Investment Subtype      PUBLIC: STOCK, ETF, MUTUAL_FUND, BOND, CASH; PRIVATE: PRIVATE_EQUITY, HEDGE_FUND,
#                         VENTURE_CAPITAL, PRIVATE_REIT, PRIVATE_CREDIT, INFRASTRUCTURE, REAL_ESTATE, ART,
#                         CRYPTOCURRENCY, MONEY_MARKET, TREASURY_BILLS, CASH, COMMODITY, OTHER
# Underlying Symbol, Strike Price, Expiration Date, Option Type (CALL, PUT)   options without such a symbol
# Exit Date, Exit Price Per Share   only for what was sold; both or neither
"""

_EXAMPLES = """\
AAPL,100,204.94,2025-06-30,PUBLIC,STOCK,,,,,,
AAPL,-50,212.10,2025-07-31,PUBLIC,STOCK,,,,,,
VTI,250.125,301.55,2025-06-30,PUBLIC,ETF,,,,,,
FXAIX,80,215.3,2025-06-30,PUBLIC,MUTUAL_FUND,,,,,,
SPAXX,15000,1,2025-06-30,PUBLIC,CASH,,,,,,
AAPL270115C00250000,2,18.4,2025-06-30,OPTIONS,CALL,,,,,,
,-5,6.75,2025-06-30,OPTIONS,PUT,SPY,550,2027-01-15,PUT,,
HOME_RENTAL_FUND,1,250000,2025-06-30,PRIVATE,REAL_ESTATE,,,,,,
MSFT,40,497.41,2025-06-30,PUBLIC,STOCK,,,,,2025-08-29,506.69
"""


def template() -> str:
    """The text of the template; it can be loaded as it is."""
    return f"{_RULES}{','.join(COLUMNS.values())}\n{_EXAMPLES}"
