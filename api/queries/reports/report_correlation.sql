-- Correlation and diversification of the portfolio's symbols, with the quality of the answers about them. No row:
-- nothing of the session.
-- with portfolio_correlation
select
    correlation.mean_correlation,
    correlation.diversification_score,
    correlation.effective_bets,
    correlation.cluster_count,
    correlation.symbols_included,
    correlation.symbols_excluded,
    correlation.window_days,
    correlation.positions_total,
    correlation.positions_skipped,
    quality.*
from correlation
cross join quality
