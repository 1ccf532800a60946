"""The formats of a report. All of them show the same values, as figures.py writes them."""
