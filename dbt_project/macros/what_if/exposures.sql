{#- CTEs of a what-if: exposures as in fct_portfolio_exposures, with equity and cash. -#}
{% macro what_if_exposures() -%}
exposure_figures as (
    select
        totals.side,
        'exposures' as section,
        cast(null as text) as model,
        cast(null as text) as part,
        figures.figure,
        figures.unit,
        cast(figures.value as double precision) as value, -- noqa: RF04
        totals.known_market_value / nullif(totals.gross_market_value, 0) as coverage,
        figures.null_reason
    from totals
    inner join scopes on totals.side = scopes.side
    cross join lateral (
        values
        ('equity', 'USD', scopes.equity, null),
        ('cash', 'USD', scopes.equity - totals.net_market_value, null),
        ('net_market_value', 'USD', totals.net_market_value, null),
        ('long_exposure', 'USD', totals.long_exposure, null),
        ('short_exposure', 'USD', totals.short_exposure, null),
        ('gross_exposure', 'USD', totals.long_exposure + totals.short_exposure, null),
        ('net_exposure', 'USD', totals.long_exposure - totals.short_exposure, null),
        (
            'gross_exposure_delta_adjusted', 'USD',
            case when not totals.has_unknown_delta then totals.long_delta_adjusted + totals.short_delta_adjusted end,
            case when totals.has_unknown_delta then 'options_without_greeks' end
        ),
        (
            'net_exposure_delta_adjusted', 'USD',
            case when not totals.has_unknown_delta then totals.long_delta_adjusted - totals.short_delta_adjusted end,
            case when totals.has_unknown_delta then 'options_without_greeks' end
        ),
        (
            'leverage', 'ratio',
            case when scopes.equity > 0 then (totals.long_exposure + totals.short_exposure) / scopes.equity end,
            case when scopes.equity <= 0 then 'equity_not_positive' end
        ),
        (
            'net_to_equity', 'ratio',
            case when scopes.equity > 0 then (totals.long_exposure - totals.short_exposure) / scopes.equity end,
            case when scopes.equity <= 0 then 'equity_not_positive' end
        ),
        ('position_count', 'positions', totals.position_count, null)
    ) as figures (figure, unit, value, null_reason)
)
{%- endmacro %}


{#- CTEs of a what-if: concentration as in fct_portfolio_exposures. -#}
{% macro what_if_concentration() -%}
weighted as (
    select
        side,
        cast(gross / nullif(sum(gross) over (partition by side), 0) as double precision) as gross_weight,
        row_number() over (partition by side order by gross desc, pricing_symbol asc) as size_rank
    from (
        select
            side,
            pricing_symbol,
            sum(abs(market_value)) as gross
        from positions
        where not is_cash_equivalent
        group by side, pricing_symbol
    ) as symbols
),

concentrated as (
    select
        side,
        sum(gross_weight * gross_weight order by size_rank) as hhi,
        {%- for rank in [1, 3, 5, 10] %}
            sum(gross_weight) filter (where size_rank <= {{ rank }}) as top_{{ rank }}_share
            {{- ',' if not loop.last }}
        {%- endfor %}
    from weighted
    where gross_weight is not null
    group by side
),

concentration_figures as (
    select
        totals.side,
        'concentration' as section,
        cast(null as text) as model,
        cast(null as text) as part,
        figures.figure,
        figures.unit,
        figures.value,
        case when concentrated.side is not null then cast(1 as double precision) else 0 end as coverage,
        case when figures.value is null then 'nothing_held' end as null_reason
    from totals
    left join concentrated on totals.side = concentrated.side
    cross join lateral (
        values
        ('hhi', 'ratio', concentrated.hhi),
        ('effective_names', 'symbols', 1 / concentrated.hhi),
        {%- for rank in [1, 3, 5, 10] %}
            ('top_{{ rank }}_share', 'ratio', concentrated.top_{{ rank }}_share){{ ',' if not loop.last }}
        {%- endfor %}
    ) as figures (figure, unit, value)
)
{%- endmacro %}
