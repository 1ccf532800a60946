"""The figures of an answer: each must equal a cell of a logged result at the rounding it is shown with."""
