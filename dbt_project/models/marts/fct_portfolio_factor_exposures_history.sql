{{ config(schema='marts_history', alias='fct_portfolio_factor_exposures') }}

{{ published_facts(ref('pub_portfolio_factor_exposures'), history=true) }}
