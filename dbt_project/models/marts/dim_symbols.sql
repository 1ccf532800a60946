{{ published_versions(ref('pub_symbols'), ['symbol']) }}
