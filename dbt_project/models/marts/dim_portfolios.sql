{{ published_versions(ref('pub_portfolios'), ['portfolio_id'], filtered=true) }}
