{{ published_facts(ref('pub_symbol_factor_betas'), filtered=false) }}
