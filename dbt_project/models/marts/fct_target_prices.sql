{{ published_facts(ref('pub_target_prices')) }}
