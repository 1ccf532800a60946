{{ config(schema='marts_history', alias='fct_symbol_risk') }}

{{ published_facts(ref('pub_symbol_risk'), filtered=false, history=true) }}
