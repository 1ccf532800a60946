{{ published_facts(ref('pub_position_greeks')) }}
