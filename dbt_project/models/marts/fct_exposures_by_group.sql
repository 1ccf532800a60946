{{ published_facts(ref('pub_exposures_by_group')) }}
