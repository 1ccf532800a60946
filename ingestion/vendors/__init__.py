"""Vendors of market data: a module per vendor, a shared protocol, and chains that fall back to the next one.

    protocol    the interface of vendors, and their answers
    limits      rate limits, retries and circuit breakers
    vendor_http one JSON request over HTTP, with retries
    yahoo, fmp, polygon, fred    the vendors
    registry    the vendors of each dataset and their order, from the settings
    planning    which symbols lack which sessions
    ranking     source precedence when two vendors differ
    price_chain, rate_chain, profile_chain, option_chain    from answers to the raw tables
    load        all of it, for a night or for the symbols of a new portfolio

Other packages need only `registry` and `load`. See docs/sources.md for users.
"""
