{{ published_versions(ref('pub_scenarios'), ['scenario_id', 'factor']) }}
