select cast(case upper(option_type) when 'CALL' then 1 when 'PUT' then -1 end as double precision)
