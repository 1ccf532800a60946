{{ published_facts(ref('pub_portfolio_factor_exposures')) }}
