{{ config(schema='marts_history', alias='dim_positions') }}

{{ published_versions(ref('pub_positions'), ['position_id'], filtered=true, history=true) }}
