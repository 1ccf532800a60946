{{ config(schema='marts_history', alias='fct_capital_flows') }}

{{ published_versions(ref('pub_capital_flows'), ['flow_id'], filtered=true, history=true) }}
