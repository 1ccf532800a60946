{{ config(schema='marts_history', alias='fct_portfolio_risk') }}

{{ published_facts(ref('pub_portfolio_risk'), history=true) }}
