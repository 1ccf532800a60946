{{ published_facts(ref('pub_portfolio_risk')) }}
