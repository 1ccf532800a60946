{{ config(schema='marts_history', alias='fct_portfolio_snapshots') }}

{{ published_facts(ref('pub_portfolio_snapshots'), history=true) }}
