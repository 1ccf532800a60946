{{ config(schema='marts_history', alias='fct_data_quality') }}

{{ published_facts(ref('pub_data_quality'), filtered=false, history=true) }}
