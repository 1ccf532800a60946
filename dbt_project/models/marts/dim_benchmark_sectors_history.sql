{{ config(schema='marts_history', alias='dim_benchmark_sectors') }}

{{ published_versions(ref('pub_benchmark_sectors'), ['benchmark', 'effective_date', 'sector'], history=true) }}
