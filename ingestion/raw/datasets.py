"""The raw tables as data: their keys, when a row is new, and the earliest date that it changes.

The SQL here refers to two rows: `incoming`, the row being loaded, and `known`, the newest row with the same
key (all null if there is none; see `dated_by`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Rule = Literal["exact", "close", "amount", "return", "contains", "unchecked"]

# Relative difference that counts as equal: vendors send 32-bit floats and restate levels after each dividend.
_TOLERANCE = "1e-6"

_FAR = {
    "exact": "incoming.{0} is distinct from known.{0}",
    "close": (
        f"abs(incoming.{{0}} - known.{{0}}) > {_TOLERANCE} * greatest(abs(incoming.{{0}}), abs(known.{{0}}))"
    ),
    # the error of a dividend that was divided by a later split, rounded to six decimals and multiplied again
    "amount": (
        "abs(incoming.{0} - known.{0}) "
        f"> greatest(1e-5, {_TOLERANCE} * abs(incoming.{{0}}), {_TOLERANCE} * abs(known.{{0}}))"
    ),
    "contains": "not known.{0} @> incoming.{0}",
    # a return is a ratio minus one, and the tolerance is relative to the ratio
    "return": f"abs(incoming.{{0}} - known.{{0}}) > {_TOLERANCE} * (1 + abs(known.{{0}}))",
}


@dataclass(frozen=True)
class Value:
    """A column outside the key.

    rule: how a new value is compared with the known one. unchecked: stored, but a change alone stores no row.
    silent_null: a null is not a change; the known value is carried over.
    carried: SQL of the value to store instead of the default.
    """

    name: str
    rule: Rule = "exact"
    silent_null: bool = False
    carried: str | None = None

    @property
    def differs(self) -> str:
        """SQL: whether the incoming value is new."""
        far = _FAR[self.rule].format(self.name)
        if self.silent_null:
            return f"(incoming.{self.name} is not null and coalesce({far}, true))"
        if self.rule == "exact":
            return f"({far})"
        return f"((incoming.{self.name} is null) <> (known.{self.name} is null) or coalesce({far}, false))"

    @property
    def stored(self) -> str:
        """SQL: the value to store."""
        if self.carried is not None:
            return self.carried
        if self.silent_null:
            return f"coalesce(incoming.{self.name}, known.{self.name})"
        return f"incoming.{self.name}"


@dataclass(frozen=True)
class Dataset:
    """One raw table.

    touched_from: SQL of the earliest date whose numbers the new row can change, or null.
    has_source: the table has a source column; simulated and real rows are never compared with each other.
    is_bulk: may have millions of rows; its touched_from is the plain date column `incoming.<column>`.
    dated_by: a date outside the key; `known` is then the newest row up to the incoming row's date, so that
    rows with later dates are neither compared nor carried over.
    """

    name: str
    table: str
    keys: tuple[str, ...]
    values: tuple[Value, ...]
    touched_from: str
    has_source: bool = False
    is_bulk: bool = False
    dated_by: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Keys, values and the source: the columns of a loaded frame."""
        return (*self.keys, *(value.name for value in self.values), *(("source",) if self.has_source else ()))

    @property
    def is_of_portfolios(self) -> bool:
        """Whether each row belongs to a portfolio, so that it changes only that portfolio's numbers."""
        return "portfolio_id" in self.columns

    @property
    def is_of_owners(self) -> bool:
        """Whether each row belongs to a user, so that it changes only what that user's portfolios show."""
        return "owner_email" in self.keys

    @property
    def _touched_portfolios(self) -> tuple[str, str]:
        """SQL: the portfolios of a new row, and the statement that records the first changed date of each."""
        if self.is_of_owners:
            return (
                "",
                """
, touched as (
    insert into ops.load_portfolios (load_id, portfolio_id, touched_from)
    select %(load_id)s, portfolios.portfolio_id, min(fresh.touched_from)
    from fresh
    join raw.newest_portfolios as portfolios using (owner_email)
    where fresh.touched_from is not null
    group by portfolios.portfolio_id
)""",
            )
        if not self.is_of_portfolios:
            return "", ""
        return (
            ", known.portfolio_id as known_portfolio_id",
            """
, touched as (
    insert into ops.load_portfolios (load_id, portfolio_id, touched_from)
    select %(load_id)s, portfolios.portfolio_id, min(fresh.touched_from)
    from fresh
    cross join lateral (values (fresh.portfolio_id), (fresh.known_portfolio_id)) as portfolios (portfolio_id)
    where portfolios.portfolio_id is not null and fresh.touched_from is not null
    group by portfolios.portfolio_id
)""",
        )

    @cached_property
    def insert_new_sql(self) -> str:
        """Insert the new rows of the temporary table `incoming`; returns (rows, touched_from).

        Parameters: load_id, loaded_at.
        """
        stored = [f"incoming.{key}" for key in self.keys]
        stored += [f"{value.stored} as {value.name}" for value in self.values]
        stored += ["incoming.source"] if self.has_source else []
        names = ", ".join(self.columns)
        differs = " or ".join(value.differs for value in self.values if value.rule != "unchecked") or "false"
        comparable = (
            "(known.source = 'simulated') = (incoming.source = 'simulated')" if self.has_source else "true"
        )
        by_key = [f"newest.{key} = incoming.{key}" for key in self.keys]
        newest_first = ["newest.load_id desc"]
        if self.dated_by:
            by_key.append(f"newest.{self.dated_by} <= incoming.{self.dated_by}")
            newest_first.insert(0, f"newest.{self.dated_by} desc")
        known_portfolio, touched = self._touched_portfolios
        return f"""
with fresh as materialized (
    select {", ".join(stored)}, {self.touched_from} as touched_from{known_portfolio}
    from incoming
    left join lateral (
        select newest.*
        from {self.table} as newest
        where {" and ".join(by_key)}
        order by {", ".join(newest_first)}
        limit 1
    ) as known on {comparable}
    where known.load_id is null or {differs}
),
inserted as (
    insert into {self.table} (load_id, loaded_at, {names})
    select %(load_id)s, %(loaded_at)s, {names}
    from fresh
){touched}
select count(*), min(touched_from) from fresh
"""


def _carried_return(column: str) -> str:
    """SQL that carries the vendor's return over while its close is unchanged, and drops it otherwise."""
    return (
        f"case when incoming.total_return is null and not coalesce({_FAR['close'].format('close')}, true) "
        f"then known.{column} else incoming.{column} end"
    )


CALENDAR_DAYS = Dataset(
    name="calendar_days",
    table="raw.calendar_days",
    keys=("calendar_date",),
    values=(Value("is_session"), Value("is_half_day")),
    touched_from="null::date",
)

PRICES = Dataset(
    name="prices",
    table="raw.prices",
    keys=("symbol", "price_date"),
    values=(
        Value("open", "close", silent_null=True),
        Value("high", "close", silent_null=True),
        Value("low", "close", silent_null=True),
        Value("close", "close"),
        Value("volume", "close", silent_null=True),
        Value("total_return", "return", silent_null=True, carried=_carried_return("total_return")),
        Value("previous_date", silent_null=True, carried=_carried_return("previous_date")),
        Value("previous_close", "close", silent_null=True, carried=_carried_return("previous_close")),
    ),
    touched_from="incoming.price_date",
    has_source=True,
    is_bulk=True,
)

CORPORATE_ACTIONS = Dataset(
    name="corporate_actions",
    table="raw.corporate_actions",
    keys=("symbol", "ex_date", "action"),
    values=(
        Value("value", "amount"),
        Value("new_symbol"),
        Value("cash", "amount"),
        Value("cost_share", "amount"),
    ),
    # with a rename the history under the old symbol becomes that of the new one
    touched_from="""case
        when incoming.action = 'rename' then least(
            (select min(prices.price_date) from raw.prices where prices.symbol = incoming.symbol),
            (
                select min(positions.entry_date) from raw.positions
                where incoming.symbol in (positions.symbol, positions.underlying_symbol)
            ),
            incoming.ex_date
        )
        else incoming.ex_date
    end""",
    has_source=True,
)

TREASURY_RATES = Dataset(
    name="treasury_rates",
    table="raw.treasury_rates",
    keys=("series", "rate_date"),
    values=(Value("rate_pct", "close"),),
    touched_from="incoming.rate_date",
    has_source=True,
)

COMPANY_PROFILES = Dataset(
    name="company_profiles",
    table="raw.company_profiles",
    keys=("symbol",),
    values=(
        Value("profile_date", "unchecked"),
        Value("name", silent_null=True),
        Value("security_type", silent_null=True),
        Value("sector", silent_null=True),
        Value("industry", silent_null=True),
        Value("exchange", silent_null=True),
        Value("country", silent_null=True),
        Value("currency", silent_null=True),
        Value("market_cap", "close", silent_null=True),
        Value("dividend_yield", "close", silent_null=True),
        Value(
            "details",
            "contains",
            silent_null=True,
            carried="coalesce(known.details, '{}') || coalesce(incoming.details, '{}')",
        ),
    ),
    # a first profile applies to the symbol's whole history; a later one from its own date on
    touched_from="""case
        when known.symbol is not null then incoming.profile_date
        else coalesce(
            least(
                (select min(prices.price_date) from raw.prices where prices.symbol = incoming.symbol),
                (select min(positions.entry_date) from raw.positions where positions.symbol = incoming.symbol)
            ),
            incoming.profile_date
        )
    end""",
    has_source=True,
    dated_by="profile_date",
)

_PORTFOLIO_TERMS = (
    Value("portfolio_name"),
    Value("owner_email"),
    Value("owner_full_name", silent_null=True),
    Value("description", silent_null=True),
    Value("account_type"),
    Value("account_name", silent_null=True),
    Value("base_currency"),
    Value("initial_equity"),
    Value("inception_date"),
    Value("opening_date"),
)

PORTFOLIOS = Dataset(
    name="portfolios",
    table="raw.portfolios",
    keys=("portfolio_id",),
    # loading a removed portfolio again restores it, with a null
    values=(*_PORTFOLIO_TERMS, Value("removed_on")),
    # when it was only removed or restored, the days before do not change
    touched_from=f"""case
        when known.portfolio_id is null or {" or ".join(value.differs for value in _PORTFOLIO_TERMS)}
            then least(incoming.inception_date, known.inception_date)
        else least(incoming.removed_on, known.removed_on)
    end""",
)

_POSITION_TERMS = (
    "portfolio_id",
    "symbol",
    "underlying_symbol",
    "investment_class",
    "investment_subtype",
    "option_type",
    "strike_price",
    "expiration_date",
    "quantity",
    "entry_date",
    "entry_price",
)

_OWN_TAGS = Value("tags", silent_null=True)  # a file without the column keeps them

POSITIONS = Dataset(
    name="positions",
    table="raw.positions",
    keys=("position_id",),
    values=(
        *(Value(name) for name in _POSITION_TERMS),
        Value("exit_date"),
        Value("exit_price"),
        Value("statement_date", "unchecked"),
        _OWN_TAGS,
        Value("notes", silent_null=True),
        Value("is_entry_assumed", silent_null=True),
        Value("spun_off_on"),
    ),
    # when only the exit changed, the days before both exits do not change; notes are of no day
    touched_from=f"""greatest(
        case
            when known.position_id is null
                or {" or ".join(value.differs for value in (*map(Value, _POSITION_TERMS), _OWN_TAGS))}
                then least(
                    coalesce(incoming.spun_off_on, incoming.entry_date),
                    coalesce(known.spun_off_on, known.entry_date)
                )
            else coalesce(least(incoming.exit_date, known.exit_date), incoming.statement_date)
        end,
        -- before the portfolio opens there are no days to change; greatest() ignores a null
        (
            select portfolios.opening_date from raw.newest_portfolios as portfolios
            where portfolios.portfolio_id = incoming.portfolio_id
        )
    )""",
)

STATED_COSTS = Dataset(
    name="stated_costs",
    table="raw.stated_costs",
    keys=("portfolio_id", "statement_date", "symbol"),
    values=(Value("quantity"), Value("cost")),
    # no number follows from it but the price of the next statement's lots
    touched_from="null::date",
)

CAPITAL_FLOWS = Dataset(
    name="capital_flows",
    table="raw.capital_flows",
    keys=("flow_id",),
    values=(Value("portfolio_id"), Value("flow_date"), Value("amount"), Value("notes")),
    touched_from="least(incoming.flow_date, known.flow_date)",
)

PRIVATE_MARKS = Dataset(
    name="private_marks",
    table="raw.private_marks",
    keys=("portfolio_id", "symbol", "mark_date"),
    values=(Value("price"),),
    touched_from="incoming.mark_date",
)

POSITION_TAGS = Dataset(
    name="position_tags",
    table="raw.position_tags",
    keys=("portfolio_id", "symbol", "tag", "effective_date"),
    values=(Value("is_assigned"),),
    touched_from="incoming.effective_date",
)

TAG_ATTRIBUTES = Dataset(
    name="tag_attributes",
    table="raw.tag_attributes",
    keys=("owner_email", "tag"),
    values=(Value("name"), Value("color"), Value("description"), Value("is_archived")),
    # no number changes; the newest session is built again, so that the attributes are published
    touched_from="(select max(as_of_date) from ops.publication_dates)",
)

TARGET_PRICES = Dataset(
    name="target_prices",
    table="raw.target_prices",
    keys=("portfolio_id", "symbol", "effective_date"),
    values=(
        Value("target_price_eoy"),
        Value("target_price_next_year"),
        Value("downside_target_price"),
        Value("stated_on", "unchecked"),
    ),
    touched_from="incoming.effective_date",
)

BENCHMARKS = Dataset(
    name="benchmarks",
    table="raw.benchmarks",
    keys=("portfolio_id", "effective_date"),
    values=(Value("symbol"),),
    touched_from="incoming.effective_date",
)

LOT_METHODS = Dataset(
    name="lot_methods",
    table="raw.lot_methods",
    keys=("portfolio_id", "effective_date"),
    values=(Value("lot_method"),),
    # lots are relieved as a whole, with the newest session
    touched_from="coalesce((select max(as_of_date) from ops.publication_dates), incoming.effective_date)",
)

TRANSACTIONS = Dataset(
    name="transactions",
    table="raw.transactions",
    keys=("transaction_id",),
    values=(
        *(
            Value(name)
            for name in ("portfolio_id", "trade_date", "kind", "symbol", "quantity", "price", "fees")
        ),
        Value("amount"),
        Value("acquired_on"),
        Value("notes", "unchecked"),
        Value("is_withdrawn"),
    ),
    # what is computed from them is computed as a whole, with the newest session
    touched_from="coalesce((select max(as_of_date) from ops.publication_dates), incoming.trade_date)",
)

OPTION_QUOTES = Dataset(
    name="option_quotes",
    table="raw.option_quotes",
    keys=("symbol", "quote_date"),
    values=(
        Value("underlying_symbol"),
        Value("expiration_date"),
        Value("option_type"),
        Value("strike_price"),
        Value("bid", "close"),
        Value("ask", "close"),
        Value("last", "close"),
        Value("volume", "close"),
        Value("open_interest", "close"),
        Value("implied_volatility", "close"),
    ),
    touched_from="incoming.quote_date",
    has_source=True,
    is_bulk=True,
)

DATASETS = {
    dataset.name: dataset
    for dataset in (
        CALENDAR_DAYS,
        PRICES,
        CORPORATE_ACTIONS,
        TREASURY_RATES,
        COMPANY_PROFILES,
        PORTFOLIOS,
        POSITIONS,
        STATED_COSTS,
        CAPITAL_FLOWS,
        PRIVATE_MARKS,
        POSITION_TAGS,
        TAG_ATTRIBUTES,
        TARGET_PRICES,
        BENCHMARKS,
        LOT_METHODS,
        TRANSACTIONS,
        OPTION_QUOTES,
    )
}
