"""How many priced symbols have a profile, and what the profiles tell."""

from flows.database import row
from flows.pipeline.lock import process_name
from warehouse.connections import Warehouse

COVERAGE = """
select
    count(*),
    count(profiles.symbol),
    count(profiles.sector),
    count(profiles.provider_beta),
    count(profiles.dividend_yield),
    bool_or(profiles.source = 'simulated')
from marts.dim_symbols as symbols
left join (
    select distinct on (symbol) * from marts.dim_company_profiles order by symbol, profile_date desc
) as profiles using (symbol)
where symbols.first_price_date is not null
"""


def read_profile_coverage(warehouse: Warehouse) -> str:
    """The profiles of the priced symbols in one line."""
    with warehouse.connect_analyst(application_name=process_name("summary")) as connection:
        symbols, profiled, sectors, betas, yields, is_simulated = row(connection, COVERAGE)
    simulated = " (betas and yields are simulated)" if is_simulated else ""
    return (
        f"Profiles: {profiled} of {symbols} priced symbols; {sectors} with a sector, {betas} with a beta, "
        f"{yields} with a dividend yield{simulated}"
    )
