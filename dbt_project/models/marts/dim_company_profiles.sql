{{ published_versions(ref('pub_company_profiles'), ['symbol', 'profile_date']) }}
