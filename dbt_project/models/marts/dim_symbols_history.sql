{{ config(schema='marts_history', alias='dim_symbols') }}

{{ published_versions(ref('pub_symbols'), ['symbol'], history=true) }}
