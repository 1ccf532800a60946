{{ config(schema='marts_history', alias='fct_correlation_pairs') }}

{{ published_facts(ref('pub_correlation_pairs'), history=true) }}
