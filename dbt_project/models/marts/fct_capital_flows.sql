{{ published_versions(ref('pub_capital_flows'), ['flow_id'], filtered=true) }}
