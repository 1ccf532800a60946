{{ config(schema='marts_history', alias='fct_forecast_evaluation') }}

{{ published_facts(ref('pub_forecast_evaluation'), history=true) }}
