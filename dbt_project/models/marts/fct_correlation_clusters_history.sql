{{ config(schema='marts_history', alias='fct_correlation_clusters') }}

{{ published_facts(ref('pub_correlation_members'), history=true, only='published.cluster_id is not null') }}
