-- From layout 7 on, backtests of value at risk are kept by method and by the P&L that it is compared with, and grades of
-- forecasts by model. Rows published before compare historical value at risk with actual P&L; their forecasts are those
-- of HAR, of the risk model, and historical value at risk. Their volatility forecasts name HAR too.

do $$
begin
    if to_regclass('published.fct_var_backtest') is not null then
        alter table published.fct_var_backtest
        add column if not exists method text,
        add column if not exists pnl_basis text,
        drop constraint if exists fct_var_backtest_pkey;
        update published.fct_var_backtest set method = 'historical', pnl_basis = 'actual';
        alter table published.fct_var_backtest
        add primary key (portfolio_id, as_of_date, method, pnl_basis, confidence, publication_id);
    end if;
    if to_regclass('published.fct_forecast_evaluation') is not null then
        alter table published.fct_forecast_evaluation
        add column if not exists model text,
        drop constraint if exists fct_forecast_evaluation_pkey;
        update published.fct_forecast_evaluation
        set
            model = case forecast
                when 'volatility_21d' then 'har'
                when 'total_volatility_1d' then 'risk'
                else 'historical'
            end;
        alter table published.fct_forecast_evaluation
        add primary key (portfolio_id, as_of_date, forecast, model, publication_id);
    end if;
    if to_regclass('published.fct_portfolio_risk') is not null then
        alter table published.fct_portfolio_risk
        add column if not exists forecast_model text,
        add column if not exists forecast_volatility_21d_har double precision;
        update published.fct_portfolio_risk
        set
            forecast_model = case when forecast_volatility_21d is not null then 'har' end,
            forecast_volatility_21d_har = forecast_volatility_21d;
    end if;
    if to_regclass('published.fct_symbol_risk') is not null then
        alter table published.fct_symbol_risk
        add column if not exists forecast_model text,
        add column if not exists forecast_volatility_21d_har double precision;
        update published.fct_symbol_risk
        set
            forecast_model = case when forecast_volatility_21d is not null then 'har' end,
            forecast_volatility_21d_har = forecast_volatility_21d;
    end if;
end
$$;
