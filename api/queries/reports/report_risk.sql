-- Volatility, value at risk and the quality of both. No row: nothing of the session.
-- with portfolio_risk
select *
from risk
