{{ config(schema='marts_history', alias='fct_portfolio_exposures') }}

{{ published_facts(ref('pub_portfolio_exposures'), history=true) }}
