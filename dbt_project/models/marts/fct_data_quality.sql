{{ published_facts(ref('pub_data_quality'), filtered=false) }}
