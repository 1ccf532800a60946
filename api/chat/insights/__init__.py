"""Written briefings of a portfolio, by the same loop and checks as the answers of the chat."""
