{{ published_facts(ref('pub_correlation_members')) }}
    and published.cluster_id is not null
