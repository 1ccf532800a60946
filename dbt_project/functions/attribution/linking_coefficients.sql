with sessions as (
    select
        pairs.session_number,
        pairs.portfolio_return,
        pairs.benchmark_return,
        -- quotients and squares that underflow are errors
        case
            when abs(pairs.portfolio_return - pairs.benchmark_return) < 1e-100 then 0
            else pairs.portfolio_return - pairs.benchmark_return
        end as excess
    from unnest(linking_coefficients.portfolio_returns, linking_coefficients.benchmark_returns)
    with ordinality as pairs (portfolio_return, benchmark_return, session_number)
    where {{ accepted('method', 'linking_coefficients.method', ['carino', 'menchero']) }}
),

totals as (
    select
        count(*) as session_count,
        udf.product(1 + portfolio_return) as growth,
        udf.product(1 + benchmark_return) as benchmark_growth,
        sum(excess order by session_number) as excess,
        sum(excess * excess order by session_number) as squared_excess
    from sessions
    having bool_and(portfolio_return > -1 and benchmark_return > -1)
),

-- the mean excess logarithm, of which exp(rate) - 1 is the mean excess return relative to the benchmark's
rated as (
    select
        *,
        growth / benchmark_growth - 1 as relative_excess,
        ln(growth / benchmark_growth) / session_count as rate
    from totals
),

scaled as (
    select
        *,
        {{ udf('log_growth_ratio') }}(relative_excess) / benchmark_growth as carino,
        power(benchmark_growth, 1 - 1.0 / session_count)
        * case when abs(rate) < 1e-5 then 1 - rate / 2 else rate / (exp(rate) - 1) end
        / {{ udf('log_growth_ratio') }}(relative_excess) as menchero
    from rated
)

select
    array_agg(
        case linking_coefficients.method
            when 'carino'
                then
                    {{ udf('log_growth_ratio') }}(sessions.excess / (1 + sessions.benchmark_return))
                    / (1 + sessions.benchmark_return)
                    / scaled.carino
            -- excess returns that are roundings of 0 have no rest to spread
            when 'menchero'
                then
                    scaled.menchero + case
                        when scaled.squared_excess < 1e-24 then 0
                        else
                            (scaled.growth - scaled.benchmark_growth - scaled.menchero * scaled.excess)
                            * sessions.excess / scaled.squared_excess
                    end
        end
        order by sessions.session_number
    )
from sessions
cross join scaled
