-- Money-weighted returns. A period begins with start_value and ends with end_value; flows are the contributions (positive)
-- and withdrawals in the order of time, and remaining the share of the period that is left after each, 1 at its start.

-- Whether at most one growth factor solves the equation of money_weighted_growth, given a solution: the amounts change
-- their sign once (Descartes), or the account, growing at that rate, is never overdrawn (Soper 1959, The Economic
-- Journal 69).
create or replace function udf.is_only_growth(
    growth double precision, start_value double precision, flows double precision[], remaining double precision[]
)
returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
    balance double precision := start_value;
    is_overdrawn boolean := false;
    last_sign double precision := 1;
    sign_changes integer := 0;
begin
    for i in 1 .. cardinality(flows) loop
        balance := balance * growth ^ (case when i = 1 then 1 else remaining[i - 1] end - remaining[i]) + flows[i];
        is_overdrawn := is_overdrawn or balance < 0;
        if sign(flows[i]) = -last_sign then
            sign_changes := sign_changes + 1;
            last_sign := -last_sign;
        end if;
    end loop;
    -- the end value counts as withdrawn
    return not is_overdrawn or sign_changes + case when last_sign > 0 then 1 else 0 end = 1;
end
$$;

-- What one dollar grows to over the period at the money-weighted rate: the g > 0 with
--
--     start_value * g + sum(flows[i] * g ^ remaining[i]) = end_value
--
-- by Newton's method in a bracket, on ln g. Null unless both values are positive and g is known to be the only solution.
create or replace function udf.money_weighted_growth(
    start_value double precision, end_value double precision, flows double precision[], remaining double precision[]
)
returns double precision
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
    lowest double precision := -500; -- of ln g
    highest double precision := 500;
    x double precision := 0;
    step double precision;
    value double precision;
    slope double precision;
    term double precision;
begin
    if num_nulls(start_value, end_value) > 0 or start_value <= 0 or end_value <= 0 then
        return null;
    elsif coalesce(cardinality(flows), 0) = 0 then
        return end_value / start_value;
    end if;
    for iteration in 1 .. 200 loop
        -- relative to the start value, so that nothing overflows
        slope := exp(x);
        value := slope - end_value / start_value;
        for i in 1 .. cardinality(flows) loop
            term := flows[i] / start_value * exp(remaining[i] * x);
            value := value + term;
            slope := slope + remaining[i] * term;
        end loop;
        if value > 0 then highest := x; else lowest := x; end if;
        step := case when slope > 0 then -value / slope end;
        if step is null or x + step < lowest or x + step > highest then
            step := (lowest + highest) / 2 - x;
        end if;
        x := x + step;
        exit when abs(step) <= 1e-14 * greatest(1, abs(x));
    end loop;
    -- at an end of the bracket there is no solution
    return case when abs(x) < 499 and udf.is_only_growth(exp(x), start_value, flows, remaining) then exp(x) end;
end
$$;

grant execute on function
udf.is_only_growth(double precision, double precision, double precision[], double precision[]),
udf.money_weighted_growth(double precision, double precision, double precision[], double precision[])
to sigmasight_analyst, sigmasight_api, sigmasight_chat;

comment on function udf.is_only_growth is
'Whether at most one growth factor solves the equation of money_weighted_growth, given a solution.';
comment on function udf.money_weighted_growth is
'What one dollar grows to over the period at the money-weighted rate: the g with start_value * g'
' + sum(flows[i] * g ^ remaining[i]) = end_value, where remaining is the share of the period that is left after each flow.'
' Null unless both values are positive and there is one solution.';
