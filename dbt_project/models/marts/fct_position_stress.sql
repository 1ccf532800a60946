{{ published_facts(ref('pub_position_stress'), newest=true) }}
