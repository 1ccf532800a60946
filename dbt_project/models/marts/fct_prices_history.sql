{{ config(schema='marts_history', alias='fct_prices') }}

{{ published_prices(history=true) }}
