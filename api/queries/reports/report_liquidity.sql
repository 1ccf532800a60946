-- How fast the portfolio can be sold, at what cost, and the quality of both. No row: nothing of the session.
-- with portfolio_liquidity
select *
from liquidity
