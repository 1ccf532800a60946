{{ config(schema='marts_history', alias='fct_position_greeks') }}

{{ published_facts(ref('pub_position_greeks'), history=true) }}
