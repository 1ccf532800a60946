-- Raw data, append-only: a row equal to the known one is not written again, a correction is a new row, and the
-- newest load wins. Money and prices are in the security's currency (USD unless a currency column says otherwise).
-- Prices are `numeric` without a scale: they keep the digits of their source.

-- Calendar days of the NYSE; is_session marks trading days.
create table if not exists raw.calendar_days (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    calendar_date date not null,
    is_session boolean not null,
    is_half_day boolean not null,
    primary key (calendar_date, load_id)
);

-- Closes as traded. total_return: the vendor's return from previous_date to price_date including dividends and
-- splits, from two consecutive adjusted closes of the same load. It is valid only while previous_close is still
-- the known close of previous_date.
create table if not exists raw.prices (
    load_id bigint not null, -- no foreign key: it would double the time of a bulk load, and the loader writes both rows
    loaded_at timestamptz not null,
    source text not null,
    symbol text not null,
    price_date date not null,
    open numeric,
    high numeric,
    low numeric,
    close numeric not null check (close > 0),
    volume numeric(38, 6),
    total_return double precision,
    previous_date date,
    previous_close numeric,
    primary key (symbol, price_date, load_id)
);
create index if not exists prices_by_date on raw.prices (price_date);

-- value: new shares per old one for a split or a merger into shares; USD per share held before the ex-date for a
-- dividend or a merger for cash; 1 for a rename; for a spin-off shares of new_symbol per share held before the ex-date.
-- new_symbol: of renames, mergers into shares and spin-offs. cash: of a merger into shares and cash. cost_share: the share
-- of the cost that this cash, or the new shares of a spin-off, take.
create table if not exists raw.corporate_actions (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    source text not null,
    symbol text not null,
    ex_date date not null,
    action text not null constraint corporate_actions_action_check check (
        action in (
            'split', 'dividend', 'special_dividend', 'rename', 'cash_merger', 'stock_merger', 'cash_and_stock_merger',
            'spin_off'
        )
    ),
    value numeric(38, 9) check (value > 0),
    new_symbol text,
    cash numeric(38, 9) check (cash > 0),
    cost_share numeric check (cost_share between 0 and 1),
    primary key (symbol, ex_date, action, load_id)
);
alter table raw.corporate_actions
add column if not exists new_symbol text,
add column if not exists cash numeric(38, 9) check (cash > 0),
add column if not exists cost_share numeric check (cost_share between 0 and 1);
-- few among many splits and dividends, and read with every row filter
create index if not exists corporate_actions_with_new_symbols on raw.corporate_actions (symbol, ex_date, action, load_id)
where action in ('rename', 'stock_merger', 'cash_and_stock_merger', 'spin_off');

-- Treasury constant-maturity yields in percent per year (4.25 is 4.25 %), by FRED series (DGS3MO, DGS10, ...).
create table if not exists raw.treasury_rates (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    source text not null,
    series text not null,
    rate_date date not null,
    rate_pct numeric(12, 6) not null,
    primary key (series, rate_date, load_id)
);

-- details: other fields of the source, by their names in the API (api/schemas/profiles.py).
create table if not exists raw.company_profiles (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    source text not null,
    symbol text not null,
    profile_date date not null,
    name text,
    security_type text,
    sector text,
    industry text,
    exchange text,
    country text,
    currency text,
    market_cap numeric(38, 2),
    dividend_yield double precision,
    details jsonb not null default '{}',
    primary key (symbol, load_id)
);

create table if not exists raw.portfolios (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    portfolio_id uuid not null,
    portfolio_name text not null,
    owner_email text not null check (owner_email = lower(owner_email)),
    owner_full_name text,
    description text,
    account_type text not null,
    base_currency text not null default 'USD',
    initial_equity numeric(38, 6) not null check (initial_equity > 0),
    inception_date date not null,
    primary key (portfolio_id, load_id)
);
alter table raw.portfolios add column if not exists account_name text;
create index if not exists portfolios_by_owner on raw.portfolios (owner_email);
-- removed_on: the portfolio has no rows from this date on; its history stays. Null while it is not removed.
alter table raw.portfolios add column if not exists removed_on date;
-- opening_date: the session at whose values lots entered before it open; null if lots perform from their entry.
alter table raw.portfolios add column if not exists opening_date date;

-- One row per lot. quantity is signed as traded on entry_date (before later splits).
-- exit_price null with an exit_date: closed at that session's close.
create table if not exists raw.positions (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    position_id uuid not null,
    portfolio_id uuid not null,
    symbol text not null,
    underlying_symbol text,
    investment_class text not null check (investment_class in ('PUBLIC', 'OPTIONS', 'PRIVATE')),
    investment_subtype text,
    option_type text check (option_type in ('CALL', 'PUT')),
    strike_price numeric(38, 6) check (strike_price > 0),
    expiration_date date,
    quantity numeric(38, 6) not null check (quantity <> 0),
    entry_date date not null,
    entry_price numeric not null check (entry_price > 0),
    exit_date date,
    exit_price numeric check (exit_price >= 0),
    statement_date date,
    check (exit_date >= entry_date),
    check (
        (investment_class = 'OPTIONS')
        = (underlying_symbol is not null and strike_price is not null
           and expiration_date is not null and option_type is not null)
    ),
    primary key (position_id, load_id)
);

create index if not exists positions_by_portfolio on raw.positions (portfolio_id);

-- Of this position alone: the tags of its row in the positions file, separated by semicolons, and its notes.
alter table raw.positions add column if not exists tags text;
alter table raw.positions add column if not exists notes text;

-- true: a download does not know when the lot was bought, and entry_date is what its user stated for all of them.
alter table raw.positions add column if not exists is_entry_assumed boolean;

-- The ex-date of the spin-off with which the lot was received; entry_date and entry_price are then those of the lot of
-- the company that spun it off, and quantity is in shares of the ex-date. Null: bought.
alter table raw.positions add column if not exists spun_off_on date;

-- What a broker's download states of a symbol that it lists in one row: quantity, signed, and cost, USD per share, in the
-- shares of its date. Both null: a later version of the statement of this date states none. Statements that were loaded
-- before the table existed have no row.
create table if not exists raw.stated_costs (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    portfolio_id uuid not null,
    statement_date date not null,
    symbol text not null,
    quantity numeric,
    cost numeric,
    check ((quantity is null) = (cost is null)),
    primary key (portfolio_id, statement_date, symbol, load_id)
);

-- amount: positive for a contribution, negative for a withdrawal.
create table if not exists raw.capital_flows (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    flow_id uuid not null,
    portfolio_id uuid not null,
    flow_date date not null,
    amount numeric(38, 6) not null,
    notes text,
    primary key (flow_id, load_id)
);

-- Valuations of private holdings: USD per unit. price null: the valuation of this day is withdrawn.
create table if not exists raw.private_marks (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    portfolio_id uuid not null,
    symbol text not null,
    mark_date date not null,
    price numeric check (price >= 0),
    primary key (portfolio_id, symbol, mark_date, load_id)
);
alter table raw.private_marks alter column price drop not null;

create table if not exists raw.position_tags (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    portfolio_id uuid not null,
    symbol text not null,
    tag text not null,
    effective_date date not null,
    is_assigned boolean not null default true,
    primary key (portfolio_id, symbol, tag, effective_date, load_id)
);

-- How a user's tag is shown. `tag` is the name with which it was first assigned and stays its key, so that a new name
-- changes no assignment. name null: the tag is shown as `tag`; color null: derived from `tag`.
create table if not exists raw.tag_attributes (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    owner_email text not null check (owner_email = lower(owner_email)),
    tag text not null,
    name text check (name <> tag),
    color text check (color ~ '^#[0-9A-F]{6}$'),
    description text,
    is_archived boolean not null default false,
    primary key (owner_email, tag, load_id)
);

-- Target prices of a portfolio's symbol from effective_date on, in USD per share as of stated_on (before later
-- splits). All three null: no target from that date on.
create table if not exists raw.target_prices (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    portfolio_id uuid not null,
    symbol text not null,
    effective_date date not null,
    target_price_eoy numeric check (target_price_eoy > 0),
    target_price_next_year numeric check (target_price_next_year > 0),
    downside_target_price numeric check (downside_target_price > 0),
    stated_on date not null,
    primary key (portfolio_id, symbol, effective_date, load_id)
);

-- What a portfolio is compared with from effective_date on: the total return of a priced symbol. symbol null: the
-- default benchmark.
create table if not exists raw.benchmarks (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    portfolio_id uuid not null,
    effective_date date not null,
    symbol text,
    primary key (portfolio_id, effective_date, load_id)
);

-- How a portfolio relieves tax lots from effective_date on. lot_method null: the default, fifo.
create table if not exists raw.lot_methods (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    portfolio_id uuid not null,
    effective_date date not null,
    lot_method text check (lot_method in ('fifo', 'lifo', 'hifo', 'average', 'specific')),
    primary key (portfolio_id, effective_date, load_id)
);

-- What portfolios traded, received, paid and transferred: quantity as in ingestion/transactions/model.py, USD.
create table if not exists raw.transactions (
    load_id bigint not null references ops.loads,
    loaded_at timestamptz not null,
    transaction_id uuid not null,
    portfolio_id uuid not null,
    trade_date date not null,
    kind text not null check (kind in ('buy', 'sell', 'dividend', 'fee', 'split', 'transfer')),
    symbol text,
    quantity numeric(38, 6),
    price numeric check (price >= 0),
    fees numeric(38, 6) not null check (fees >= 0),
    amount numeric(38, 6),
    acquired_on date,
    notes text,
    is_withdrawn boolean not null,
    primary key (transaction_id, load_id)
);

create index if not exists transactions_by_portfolio on raw.transactions (portfolio_id);

-- End-of-day option quotes, USD per share of the underlying, by OCC symbol.
create table if not exists raw.option_quotes (
    load_id bigint not null, -- no foreign key, as for prices
    loaded_at timestamptz not null,
    source text not null,
    symbol text not null,
    quote_date date not null,
    underlying_symbol text not null,
    expiration_date date not null,
    option_type text not null check (option_type in ('CALL', 'PUT')),
    strike_price numeric(38, 6) not null,
    bid numeric,
    ask numeric,
    last numeric,
    volume numeric(38, 6),
    open_interest numeric(38, 6),
    implied_volatility double precision,
    primary key (symbol, quote_date, load_id)
);
create index if not exists option_quotes_by_date on raw.option_quotes (quote_date);
