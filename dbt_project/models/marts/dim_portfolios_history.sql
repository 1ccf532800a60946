{{ config(schema='marts_history', alias='dim_portfolios') }}

{{ published_versions(ref('pub_portfolios'), ['portfolio_id'], filtered=true, history=true) }}
