{{ config(schema='marts_history', alias='fct_position_values') }}

{{ published_facts(ref('pub_position_values'), history=true) }}
