-- erfc keeps the relative precision of the left tail. x is used only once, so that Postgres inlines the function.
-- The smallest value is 5e-201, not 0: a product of floats that underflows is an error in Postgres.
select 0.5 * (erfc(-x / sqrt(2)) + 1e-200)
