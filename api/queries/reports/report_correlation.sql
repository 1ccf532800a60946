-- Correlation and diversification of the portfolio's symbols. No row: nothing of the session.
-- with portfolio_correlation
select *
from correlation
