{{ published_versions(ref('pub_treasury_rates'), ['series', 'rate_date']) }}
