{{ published_versions(ref('pub_positions'), ['position_id'], filtered=true) }}
