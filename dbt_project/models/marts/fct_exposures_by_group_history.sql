{{ config(schema='marts_history', alias='fct_exposures_by_group') }}

{{ published_facts(ref('pub_exposures_by_group'), history=true) }}
