{{ config(schema='marts_history', alias='dim_factors') }}

{{ published_versions(ref('pub_factors'), ['model', 'factor'], history=true) }}
