"""Vendors of market data: one module each, one small protocol, and the chain that goes from one to the next.

    protocol    what a vendor gives, and how it says that it has nothing
    limits      how often a vendor is asked, and when it is given up for a while
    vendor_http one JSON question over HTTP, asked again where that may help
    yahoo, fmp, polygon, fred    the vendors
    registry    which of them are asked for what, in which order, by the settings
    planning    which symbols lack which sessions
    ranking     whose word counts where two vendors differ
    price_chain, rate_chain, profile_chain, option_chain    the way from answers to the raw tables
    load        all of it, for a night or for the symbols of a new portfolio

From outside only `registry` and `load` are needed. docs/sources.md says what a user should know.
"""
