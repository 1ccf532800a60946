{{ config(schema='marts_history', alias='fct_portfolio_greeks') }}

{{ published_facts(ref('pub_portfolio_greeks'), history=true) }}
