{{ published_facts(ref('pub_factor_correlations'), filtered=false) }}
