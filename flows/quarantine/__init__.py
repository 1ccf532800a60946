"""Portfolios for which a build fails: withheld, while the others are published, until it does not.

failures   which portfolios the failed tests of a build concern; a failure of anything shared stops the run
suspects   which portfolios an error of a model may come from: those with new data
attempts   what a failed build means for the run
window     the window of single portfolios: withheld ones, or one that a command names
withheld   what is withheld now, and what a publication withheld or released
"""
