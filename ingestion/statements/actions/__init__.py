"""Corporate actions in statements: splits, successors of companies, shares received in spin-offs."""
