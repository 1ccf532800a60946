{{ config(schema='marts_history', alias='dim_dates') }}

{{ published_versions(ref('pub_dates'), ['as_of_date'], history=true) }}
