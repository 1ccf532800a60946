-- In each dimension but tags, which overlap, weights add up to 1, contributions to the return of the portfolio, and
-- effects to its difference from the benchmark.
with attribution as (
    select
        portfolio_id,
        as_of_date,
        dimension,
        sum(portfolio_weight) as portfolio_weight,
        sum(contribution) as contribution,
        sum(effect) as effect, -- noqa: RF04
        count(*) - count(effect) as unknown_effects,
        sum(abs(portfolio_weight)) as gross_weight,
        sum(abs(contribution)) as gross_contribution,
        sum(abs(effect)) as gross_effect
    from ({{ tested_rows(ref('fct_attribution_daily')) }}) as tested
    group by portfolio_id, as_of_date, dimension
),

snapshots as (
    select * from ({{ tested_rows(ref('fct_portfolio_snapshots')) }}) as tested
),

benchmarks as (
    select * from ({{ tested_rows(ref('fct_benchmark_returns')) }}) as tested
),

compared as (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        named.dimension,
        snapshots.daily_return,
        snapshots.daily_return - benchmarks.daily_return as excess,
        attribution.portfolio_weight,
        attribution.contribution,
        attribution.effect,
        attribution.unknown_effects,
        1e-12 * (
            1 + attribution.gross_weight + coalesce(attribution.gross_contribution, 0)
            -- a wrong price of the benchmark, or of a sector's fund, makes effects of any size
            + coalesce(attribution.gross_effect, 0)
        ) as tolerance
    from snapshots
    cross join (values ('sector'), ('investment_class')) as named (dimension)
    inner join benchmarks
        on snapshots.portfolio_id = benchmarks.portfolio_id and snapshots.as_of_date = benchmarks.as_of_date
    left join attribution
        on
            snapshots.portfolio_id = attribution.portfolio_id
            and snapshots.as_of_date = attribution.as_of_date
            and named.dimension = attribution.dimension
)

select *
from compared
where
    unknown_effects is null
    or (daily_return is null) <> (contribution is null)
    or abs(portfolio_weight - 1) > tolerance
    or abs(contribution - daily_return) > tolerance
    or abs(effect - excess) > tolerance
    or (dimension = 'investment_class' and (excess is null) <> (unknown_effects > 0))
    or (unknown_effects > 0 and effect is not null)
