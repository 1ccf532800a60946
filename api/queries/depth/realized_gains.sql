-- GET /portfolios/{id}/realized-gains: what was realized up to the session by lot under one method, the newest first,
-- with totals by term and by year; and on the last session what is open. No row: the portfolio is not this user's. Null
-- body: it begins after the session.
-- with portfolio_scope
with gains as (
    select
        realized.*,
        extract(year from realized.disposed_on)::integer as tax_year,
        case when %(wash_sales)s::boolean then realized.gain_after_wash_sales else realized.gain end as counted,
        case when %(wash_sales)s::boolean then realized.term_after_wash_sales else realized.term end as counted_term
    from fct_realized_gains as realized
    where
        realized.portfolio_id = %(portfolio_id)s::uuid
        and realized.method = %(method)s::text
        and realized.disposed_on <= %(as_of_date)s::date
),

chosen as (
    select
        *,
        row_number() over (order by disposed_on desc, symbol, disposal_id, acquired_on, lot_id, part) as place
    from gains
    where %(year)s::integer is null or tax_year = %(year)s::integer
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'disposal_id', disposal_id,
                    'lot_id', lot_id,
                    'kind', kind,
                    'symbol', symbol,
                    'position_type', position_type,
                    'quantity', trim_scale(quantity),
                    'acquired_on', acquired_on,
                    'disposed_on', disposed_on,
                    'holding_days', holding_days,
                    'term', counted_term,
                    'term_null_reason', term_null_reason,
                    'method', lot_method,
                    'proceeds', proceeds,
                    'basis', basis,
                    'gain', gain,
                    'wash_disallowed', wash_disallowed,
                    'basis_adjustment', basis_adjustment,
                    'gain_after_wash_sales', gain_after_wash_sales
                )
                order by place
            ),
            '[]'::json
        ) as body
    from chosen
    where place > %(offset)s and place <= %(offset)s + %(limit)s
),

totals as (
    select
        count(*) as lot_count,
        coalesce(sum(proceeds), 0) as proceeds,
        coalesce(sum(basis), 0) as basis,
        coalesce(sum(counted) filter (where counted_term = 'short'), 0) as short_term,
        coalesce(sum(counted) filter (where counted_term = 'long'), 0) as long_term,
        coalesce(sum(counted) filter (where counted_term is null), 0) as unknown_term,
        coalesce(sum(counted), 0) as total,
        coalesce(sum(wash_disallowed), 0) as wash_disallowed
    from chosen
),

years as (
    select
        tax_year,
        coalesce(sum(counted) filter (where counted_term = 'short'), 0) as short_term,
        coalesce(sum(counted) filter (where counted_term = 'long'), 0) as long_term,
        coalesce(sum(counted) filter (where counted_term is null), 0) as unknown_term,
        sum(counted) as total,
        sum(wash_disallowed) as wash_disallowed
    from gains
    group by tax_year
),

by_year as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'year', tax_year,
                    'short_term', short_term,
                    'long_term', long_term,
                    'unknown_term', unknown_term,
                    'total', total,
                    'wash_disallowed', wash_disallowed
                )
                order by tax_year desc
            ),
            '[]'::json
        ) as body
    from years
),

-- open lots are known for the last session only
last_session as (
    select max(to_date) as as_of_date from fct_publications
),

prices as (
    select
        symbol,
        position_type,
        sum(market_value) / nullif(sum(quantity), 0) as value_per_unit
    from fct_position_values
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and is_open
    group by symbol, position_type
),

-- what transactions and statements disagree on, on the last session
unequal as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'symbol', symbol,
                    'quantity_by_transactions', trim_scale(quantity_by_transactions),
                    'quantity_by_statements', trim_scale(quantity_by_statements)
                )
                order by symbol
            ),
            '[]'::json
        ) as body
    from fct_transaction_checks
    where portfolio_id = %(portfolio_id)s::uuid and not is_equal
),

open_lots as (
    select
        held.*,
        round(held.quantity * prices.value_per_unit, 2) as market_value,
        coalesce(
            held.quantity > 0
            and %(as_of_date)s::date >= (held.acquired_on + 1)::timestamp + interval '1 year', false
        ) as is_long_term,
        row_number() over (order by held.symbol, held.acquired_on, held.lot_id) as place
    from fct_tax_lots as held
    left join prices on held.symbol = prices.symbol and held.position_type = prices.position_type
    where
        held.portfolio_id = %(portfolio_id)s::uuid
        and held.method = %(method)s::text
        and %(as_of_date)s::date = (select last_session.as_of_date from last_session)
),

open_listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'lot_id', lot_id,
                    'symbol', symbol,
                    'position_type', position_type,
                    'quantity', trim_scale(quantity),
                    'acquired_on', acquired_on,
                    'term',
                    case
                        when quantity > 0 and not is_dated then null
                        when is_long_term then 'long'
                        else 'short'
                    end,
                    'cost_basis', cost_basis,
                    'market_value', market_value,
                    'unrealized', market_value - cost_basis,
                    'basis_adjustment', basis_adjustment
                )
                order by place
            ) filter (where place <= %(limit)s),
            '[]'::json
        ) as body,
        coalesce(sum(market_value - cost_basis), 0) as unrealized
    from open_lots
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'portfolio_id', portfolio.portfolio_id,
            'year', %(year)s::integer,
            'method', %(method)s::text,
            'wash_sales', %(wash_sales)s::boolean,
            'totals', json_build_object(
                'short_term', totals.short_term,
                'long_term', totals.long_term,
                'unknown_term', totals.unknown_term,
                'total', totals.total,
                'proceeds', totals.proceeds,
                'basis', totals.basis,
                'wash_disallowed', totals.wash_disallowed
            ),
            'by_year', by_year.body,
            'total', totals.lot_count,
            'limit', %(limit)s::integer,
            'offset', %(offset)s::integer,
            'lots', listed.body,
            'open_lots', case when last_session.as_of_date = %(as_of_date)s::date then open_listed.body end,
            'unrealized', case when last_session.as_of_date = %(as_of_date)s::date then open_listed.unrealized end,
            'open_lots_null_reason',
            case
                when last_session.as_of_date is distinct from %(as_of_date)s::date then 'only_on_the_last_session'
            end,
            'unequal_quantities', unequal.body,
            'metadata', json_build_object(
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join totals
cross join by_year
cross join listed
cross join last_session
cross join open_listed
cross join unequal
