{{ published_versions(ref('pub_factors'), ['model', 'factor']) }}
