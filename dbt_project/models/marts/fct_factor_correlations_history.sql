{{ config(schema='marts_history', alias='fct_factor_correlations') }}

{{ published_facts(ref('pub_factor_correlations'), filtered=false, history=true) }}
