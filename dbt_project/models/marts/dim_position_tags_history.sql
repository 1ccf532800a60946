{{ config(schema='marts_history', alias='dim_position_tags') }}

{{ published_versions(
    ref('pub_position_tags'), ['portfolio_id', 'symbol', 'tag', 'is_automatic', 'valid_from'],
    filtered=true, history=true,
) }}
