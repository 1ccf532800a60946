{{ published_facts(ref('pub_var_backtest')) }}
