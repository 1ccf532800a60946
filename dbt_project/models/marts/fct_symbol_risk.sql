{{ published_facts(ref('pub_symbol_risk'), filtered=false) }}
