{{ config(schema='marts_history', alias='dim_company_profiles') }}

{{ published_versions(ref('pub_company_profiles'), ['symbol', 'profile_date'], history=true) }}
