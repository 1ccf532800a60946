{{ published_facts(ref('pub_correlation_members'), only='published.cluster_id is not null') }}
