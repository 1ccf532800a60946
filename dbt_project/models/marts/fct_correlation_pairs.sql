{{ published_facts(ref('pub_correlation_pairs')) }}
