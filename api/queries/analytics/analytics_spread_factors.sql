-- GET /analytics/portfolio/{id}/spread-factors: tilts to one side of a pair of styles. No row: the portfolio is not
-- this user's. Null body: it begins after the session.
-- with portfolio_scope, weakest_factor_quality, portfolio_quality
-- the names of the two sides of each spread; a spread without a row here uses its factor's name
with sides (factor, long_side, short_side, what_happens) as (
    values
    ('Growth-Value', 'Growth', 'Value', 'growth stocks beat value stocks'),
    ('Momentum', 'Momentum', 'Contrarian', 'stocks with momentum beat the market'),
    ('Size', 'Small Cap', 'Large Cap', 'small companies beat the market'),
    ('Quality', 'Quality', 'Low Quality', 'quality stocks beat the market')
),

factor_rows as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and model = 'spread'
),

named as (
    select
        factor_rows.factor,
        factor_rows.beta,
        factor_rows.dollar_exposure,
        factor_rows.coverage,
        factor_rows.tilt,
        factor_rows.std_error,
        abs(factor_rows.beta) >= %(significant_t)s::double precision * factor_rows.std_error as is_significant,
        case
            when factor_rows.tilt = 'neutral' then 'Neutral'
            when factor_rows.beta > 0 then coalesce(sides.long_side, factor_rows.factor)
            else coalesce(sides.short_side, concat('Against ', factor_rows.factor))
        end as direction,
        coalesce(sides.what_happens, concat(factor_rows.factor, ' gains')) as what_happens
    from factor_rows
    left join sides on factor_rows.factor = sides.factor
    where factor_rows.beta is not null
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'name', factor || ' Spread',
                    'factor', factor,
                    'beta', round(beta::numeric, 6),
                    'std_error', round(std_error::numeric, 6),
                    'is_significant', is_significant,
                    'exposure_dollar', round(dollar_exposure::numeric, 2),
                    'direction', direction,
                    'magnitude', initcap(tilt),
                    'risk_level', case tilt when 'strong' then 'high' when 'moderate' then 'medium' else 'low' end,
                    'explanation', concat(
                        'When ', what_happens, ' by 1 %%, the portfolio ',
                        case when beta < 0 then 'loses' else 'gains' end,
                        ' about ', trim(to_char(abs(beta), '999990.00')), ' %% of equity (',
                        trim(to_char(abs(dollar_exposure) / 100, '999,999,999,990')), ' USD): ',
                        case
                            when tilt = 'neutral' then 'close to neutral.'
                            when not is_significant
                                then concat(
                                    'a ', tilt, ' tilt to ', lower(direction),
                                    ' by the estimate, which does not differ from none at the 10 %% level.'
                                )
                            else concat('a ', tilt, ' tilt to ', lower(direction), '.')
                        end
                    ),
                    'coverage', round(coverage::numeric, 6)
                )
                order by abs(beta) desc, factor
            ),
            '[]'::json
        ) as body
    from named
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', listed.row_count > 0,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when listed.row_count > 0 then snapshot.as_of_date end,
            'factors', listed.body,
            'metadata', json_build_object(
                'equity', round(snapshot.equity, 2),
                'models', json_build_array('spread'),
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
cross join listed
