{{ published_prices() }}
