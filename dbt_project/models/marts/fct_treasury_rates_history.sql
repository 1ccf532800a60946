{{ config(schema='marts_history', alias='fct_treasury_rates') }}

{{ published_versions(ref('pub_treasury_rates'), ['series', 'rate_date'], history=true) }}
