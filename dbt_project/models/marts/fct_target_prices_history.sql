{{ config(schema='marts_history', alias='fct_target_prices') }}

{{ published_facts(ref('pub_target_prices'), history=true) }}
