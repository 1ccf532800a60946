{{ config(schema='marts_history', alias='fct_symbol_factor_betas') }}

{{ published_facts(ref('pub_symbol_factor_betas'), filtered=false, history=true) }}
