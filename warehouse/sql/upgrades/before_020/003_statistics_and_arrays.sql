-- From layout 3 on the marts hold what readers of layout 2 had to compute: month-to-date and year-to-date P&L, the
-- beta of realized returns, the fit of betas (R squared, observations) and shares of variance. Rows published before
-- are filled as a build at that time would have filled them: from the newest publication of each date up to the row's
-- own. Correlations of symbols become arrays, one per symbol.

alter table published.fct_portfolio_snapshots
add column if not exists mtd_pnl numeric(38, 2),
add column if not exists ytd_pnl numeric(38, 2),
add column if not exists session_count integer;
alter table published.fct_portfolio_factor_exposures
add column if not exists share_of_variance double precision;
alter table published.fct_portfolio_risk
add column if not exists market_beta_r_squared double precision,
add column if not exists market_beta_observations integer,
add column if not exists systematic_share double precision,
add column if not exists return_beta double precision,
add column if not exists return_beta_r_squared double precision,
add column if not exists return_beta_observations integer;

-- Each snapshot with all sessions up to its own, as published at that time.
create temporary table seen_days on commit drop as
select
    rows.portfolio_id,
    rows.as_of_date,
    rows.publication_id,
    days.as_of_date as day,
    days.daily_pnl,
    days.daily_return,
    row_number() over (
        partition by rows.portfolio_id, rows.as_of_date, rows.publication_id order by days.as_of_date desc
    ) as days_ago
from published.fct_portfolio_snapshots as rows
cross join
    lateral (
        select distinct on (dates.as_of_date)
            dates.as_of_date,
            dates.publication_id
        from ops.portfolio_dates as dates
        where
            dates.portfolio_id = rows.portfolio_id
            and dates.as_of_date <= rows.as_of_date
            and dates.publication_id <= rows.publication_id
        order by dates.as_of_date asc, dates.publication_id desc
    ) as spoken
inner join published.fct_portfolio_snapshots as days
    on
        rows.portfolio_id = days.portfolio_id
        and spoken.as_of_date = days.as_of_date
        and spoken.publication_id = days.publication_id;

with summed as (
    select
        portfolio_id,
        as_of_date,
        publication_id,
        sum(daily_pnl) filter (where day >= date_trunc('month', as_of_date)::date) as mtd_pnl,
        sum(daily_pnl) filter (where day >= date_trunc('year', as_of_date)::date) as ytd_pnl,
        count(*) as session_count
    from seen_days
    group by portfolio_id, as_of_date, publication_id
)

update published.fct_portfolio_snapshots as rows
set mtd_pnl = summed.mtd_pnl, ytd_pnl = summed.ytd_pnl, session_count = summed.session_count
from summed
where
    rows.portfolio_id = summed.portfolio_id
    and rows.as_of_date = summed.as_of_date
    and rows.publication_id = summed.publication_id;

update published.fct_portfolio_risk
set systematic_share = systematic_volatility * systematic_volatility / nullif(total_volatility * total_volatility, 0);

update published.fct_portfolio_factor_exposures as rows
set share_of_variance = rows.variance_contribution / nullif(risk.total_volatility * risk.total_volatility, 0)
from published.fct_portfolio_risk as risk
where
    rows.portfolio_id = risk.portfolio_id
    and rows.as_of_date = risk.as_of_date
    and rows.publication_id = risk.publication_id
    and rows.variance_contribution is not null;

with market as (
    select proxy_symbol, window_days, min_observations
    from published.dim_factors
    where model = 'market' and factor = 'Market'
    order by publication_id desc
    limit 1
),

pairs as (
    select
        days.portfolio_id,
        days.as_of_date,
        days.publication_id,
        days.day,
        days.daily_return,
        market_day.daily_return as market_return,
        market.min_observations
    from seen_days as days
    cross join market
    cross join
        lateral (
            select prices.daily_return
            from ops.publication_dates as dates
            inner join published.fct_prices as prices
                on dates.as_of_date = prices.as_of_date and dates.publication_id = prices.publication_id
            where
                dates.as_of_date = days.day
                and dates.publication_id <= days.publication_id
                and prices.symbol = market.proxy_symbol
            order by dates.publication_id desc
            limit 1
        ) as market_day
    where days.days_ago <= market.window_days
),

fitted as (
    select
        portfolio_id,
        as_of_date,
        publication_id,
        min(min_observations) as min_observations,
        regr_count(daily_return, market_return order by day) as observations,
        regr_slope(daily_return, market_return order by day) as beta,
        -- R squared is undefined for constant returns
        case when regr_syy(daily_return, market_return) > 0 then regr_r2(daily_return, market_return order by day) end
            as r_squared
    from pairs
    group by portfolio_id, as_of_date, publication_id
)

update published.fct_portfolio_risk as rows
set
    return_beta_observations = coalesce(fitted.observations, 0),
    return_beta = case when fitted.observations >= fitted.min_observations then fitted.beta end,
    return_beta_r_squared = case when fitted.observations >= fitted.min_observations then fitted.r_squared end
from published.fct_portfolio_snapshots as snapshots
left join fitted
    on
        snapshots.portfolio_id = fitted.portfolio_id
        and snapshots.as_of_date = fitted.as_of_date
        and snapshots.publication_id = fitted.publication_id
where
    rows.portfolio_id = snapshots.portfolio_id
    and rows.as_of_date = snapshots.as_of_date
    and rows.publication_id = snapshots.publication_id;

with weighted as (
    select
        exposures.portfolio_id,
        exposures.as_of_date,
        exposures.publication_id,
        betas.r_squared,
        betas.observations,
        abs(exposures.delta_adjusted_exposure)::double precision as size
    from published.fct_exposures_by_group as exposures
    cross join
        lateral (
            select
                found.r_squared,
                found.observations
            from ops.publication_dates as dates
            inner join published.fct_symbol_factor_betas as found
                on dates.as_of_date = found.as_of_date and dates.publication_id = found.publication_id
            where
                dates.as_of_date = exposures.as_of_date
                and dates.publication_id <= exposures.publication_id
                and found.symbol = exposures.bucket
                and found.model = 'market'
            order by dates.publication_id desc
            limit 1
        ) as betas
    where exposures.dimension = 'symbol'
),

fits as (
    select
        portfolio_id,
        as_of_date,
        publication_id,
        sum((size * r_squared)::numeric(38, 9))::double precision
        / nullif(sum(size::numeric(38, 9)) filter (where r_squared is not null)::double precision, 0) as r_squared,
        min(observations) as observations
    from weighted
    group by portfolio_id, as_of_date, publication_id
)

update published.fct_portfolio_risk as rows
set market_beta_r_squared = fits.r_squared, market_beta_observations = fits.observations
from fits
where
    rows.portfolio_id = fits.portfolio_id
    and rows.as_of_date = fits.as_of_date
    and rows.publication_id = fits.publication_id;

-- views over it, which the next build creates again
drop view if exists published.fct_correlation_pairs, intermediate.int_built_correlations cascade;
create table published.packed_correlations as
with members as (
    select
        publication_id,
        as_of_date,
        symbol,
        row_number() over (partition by publication_id, as_of_date order by symbol collate "C") as place
    from (
        select publication_id, as_of_date, symbol_1 as symbol from published.int_symbol_correlations
        union
        select publication_id, as_of_date, symbol_2 as symbol from published.int_symbol_correlations
    ) as symbols
)

select
    first_leg.publication_id,
    first_leg.as_of_date,
    first_leg.symbol,
    first_leg.place::integer as place,
    array_agg(pairs.correlation order by second_leg.place) as correlations,
    array_agg(coalesce(pairs.observations, 0) order by second_leg.place) as observations
from members as first_leg
inner join members as second_leg
    on
        first_leg.publication_id = second_leg.publication_id
        and first_leg.as_of_date = second_leg.as_of_date
        and first_leg.place <= second_leg.place
left join published.int_symbol_correlations as pairs
    on
        first_leg.publication_id = pairs.publication_id
        and first_leg.as_of_date = pairs.as_of_date
        and first_leg.symbol = pairs.symbol_1
        and second_leg.symbol = pairs.symbol_2
group by first_leg.publication_id, first_leg.as_of_date, first_leg.symbol, first_leg.place;
drop table published.int_symbol_correlations;
alter table published.packed_correlations rename to int_symbol_correlations;
