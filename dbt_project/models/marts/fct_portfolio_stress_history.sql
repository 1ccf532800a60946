{{ config(schema='marts_history', alias='fct_portfolio_stress') }}

{{ published_facts(ref('pub_portfolio_stress'), history=true) }}
