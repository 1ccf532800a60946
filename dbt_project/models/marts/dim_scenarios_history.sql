{{ config(schema='marts_history', alias='dim_scenarios') }}

{{ published_versions(ref('pub_scenarios'), ['scenario_id', 'factor'], history=true) }}
