{{ config(schema='marts_history', alias='fct_portfolio_correlation') }}

{{ published_facts(ref('pub_portfolio_correlation'), history=true) }}
