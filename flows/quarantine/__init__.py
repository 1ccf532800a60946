"""Portfolios for which tests of a build fail: withheld, while the others are published, until they pass.

failures   which portfolios the failed tests of a build concern; a failure of anything shared stops the run
attempts   what a failed build means for the run
window     the window of single portfolios: withheld ones, or one that a command names
withheld   what is withheld now, and what a publication withheld or released
"""
