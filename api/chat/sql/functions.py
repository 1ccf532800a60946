"""What a statement of the model may use: functions, types and operators. All others are refused.

Not allowed although harmless in themselves: what gives another result each time (now, random), because an
answer is verified by running its statements again; what makes long texts from short ones (repeat, format).
"""

from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


AGGREGATES: Final = _names("""
    count sum avg min max stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp
    regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
    percentile_cont percentile_disc mode bool_and bool_or every any_value string_agg array_agg json_agg
    jsonb_agg json_object_agg jsonb_object_agg
""")
WINDOWS: Final = _names("""
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
""")
NUMBERS: Final = _names("""
    abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log10 power pow mod div width_bucket gcd
    lcm greatest least pi degrees radians sin cos tan asin acos atan atan2 sinh cosh tanh erf erfc scale
    min_scale trim_scale to_number
""")
DATES: Final = _names("""
    date_trunc date_part date_bin extract age make_date make_timestamp make_timestamptz make_interval
    to_char to_date to_timestamp isfinite justify_days justify_hours justify_interval timezone overlaps
""")
TEXTS: Final = _names("""
    lower upper initcap length char_length character_length octet_length trim btrim ltrim rtrim left right
    substring substr position strpos replace translate split_part concat concat_ws reverse starts_with ascii
    chr md5 lpad rpad overlay regexp_match regexp_matches regexp_replace regexp_count regexp_instr
    regexp_like regexp_substr regexp_split_to_array regexp_split_to_table string_to_array string_to_table
    similar_to_escape like_escape quote_literal quote_ident
""")
ARRAYS: Final = _names("""
    unnest array_length array_lower array_upper array_ndims array_position array_positions array_to_string
    array_append array_prepend array_cat array_remove array_replace cardinality generate_subscripts
    generate_series
""")
JSON: Final = _names("""
    json_array_length jsonb_array_length json_array_elements jsonb_array_elements json_array_elements_text
    jsonb_array_elements_text json_each jsonb_each json_each_text jsonb_each_text json_object_keys
    jsonb_object_keys json_extract_path jsonb_extract_path json_extract_path_text jsonb_extract_path_text
    json_typeof jsonb_typeof json_build_object jsonb_build_object json_build_array jsonb_build_array to_json
    to_jsonb row_to_json jsonb_pretty
""")
OTHERS: Final = _names("coalesce nullif grouping num_nulls num_nonnulls pg_typeof")

FUNCTIONS: Final = AGGREGATES | WINDOWS | NUMBERS | DATES | TEXTS | ARRAYS | JSON | OTHERS

TABLE_FUNCTIONS: Final = _names("""
    portfolios_weights portfolios_overview portfolios_target_returns portfolios_target_ratios
    portfolios_symbol_shares portfolios_concentration portfolios_sector_shares portfolios_factor_exposures
    portfolios_beta portfolios_stress portfolios_volatility portfolios_correlated_symbols
    portfolios_correlations portfolio_series portfolio_returns portfolio_months portfolio_drawdowns
    portfolio_option_payoffs portfolio_outcomes portfolio_var portfolio_var_filtered portfolio_tail_weights
    what_if what_if_trades what_if_positions
    portfolio_parts portfolio_risk_contributions portfolio_attribution portfolio_factor_attribution
    portfolio_active_risk
""")
"""Functions of the schema udf that return rows of several columns."""

OWN_FUNCTIONS: Final = TABLE_FUNCTIONS | _names("""
    product money_weighted_growth is_only_growth log_growth_ratio linking_coefficients
    norm_cdf option_sign bs_is_priceable bs_d1 bs_price bs_delta bs_gamma bs_theta bs_vega bs_rho
""")
"""All functions of the schema udf."""

TYPES: Final = _names("""
    int2 int4 int8 float4 float8 numeric decimal text varchar bpchar bool date timestamp timestamptz time
    interval uuid json jsonb smallint integer bigint boolean real
""")

OPERATORS: Final = _names("""
    = <> != < > <= >= + - * / % ^ || |/ ||/ @ ~ ~* !~ !~* ~~ ~~* !~~ !~~* -> ->> #> #>> @> <@ && ? ?| ?& ^@
""")

INSTEAD: Final = {
    "now": "the session dates of the marts, such as (select max(as_of_date) from fct_portfolio_snapshots)",
    "random": "an order by columns of the mart",
    "current_setting": "the marts: they show the rows of the user who asks",
    "repeat": "the text itself",
    "format": "the operator ||",
    "median": "percentile_cont(0.5) within group (order by x)",
    "ifnull": "coalesce",
    "nvl": "coalesce",
    "isnull": "coalesce, or `is null`",
    "datediff": "subtraction: date - date is a number of days",
    "dateadd": "addition: date + 30, or date + interval '1 month'",
    "date_add": "addition: date + 30, or date + interval '1 month'",
    "year": "extract(year from d)",
    "month": "extract(month from d)",
    "iif": "case when ... then ... else ... end",
    "if": "case when ... then ... else ... end",
    "group_concat": "string_agg",
    "len": "length",
    "stdev": "stddev_samp",
    "var": "var_samp",
}
"""What to write instead of a function that is not allowed, or that PostgreSQL does not have."""
