{{ published_facts(ref('pub_stress_factor_impacts')) }}
