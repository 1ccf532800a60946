{{ published_versions(ref('pub_dates'), ['as_of_date']) }}
