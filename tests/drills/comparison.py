"""Compare every mart, row for row, with an undisturbed warehouse.

Left out are the columns of flow_helpers.OF_THE_RUN, which name the run, the publication or an instant. Of the
log of loads, those that changed something are compared: a night that is run again rightly reads its files
again.
"""

from collections import Counter
from collections.abc import Mapping

from tests.flows.flow_helpers import all_marts
from warehouse.connections import Warehouse

Marts = Mapping[str, list[str]]

LOADS = """
select source, dataset, status, rows_new, touched_from
from fct_loads where rows_new > 0 order by 1, 2, 3, 4, 5
"""


def read_marts(warehouse: Warehouse) -> Marts:
    """Every row of every mart as text."""
    with warehouse.connect_analyst(autocommit=True) as connection:
        loads = [str(row) for row in connection.execute(LOADS)]
    return {**all_marts(warehouse), "marts.fct_loads": loads}


def differences(found: Marts, wanted: Marts) -> Counter[str]:
    """By mart, the rows that only one of the two has; a row counts as often as it is there."""
    counts: Counter[str] = Counter()
    for mart in found.keys() | wanted.keys():
        left, right = Counter(found.get(mart, [])), Counter(wanted.get(mart, []))
        counts[mart] = (left - right).total() + (right - left).total()
    return +counts
