{{ config(schema='marts_history', alias='fct_stress_factor_impacts') }}

{{ published_facts(ref('pub_stress_factor_impacts'), history=true) }}
