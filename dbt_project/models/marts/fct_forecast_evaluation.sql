{{ published_facts(ref('pub_forecast_evaluation')) }}
