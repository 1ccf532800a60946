{{ config(schema='marts_history', alias='fct_var_backtest') }}

{{ published_facts(ref('pub_var_backtest'), history=true) }}
