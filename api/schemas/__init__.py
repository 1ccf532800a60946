"""The shapes of the answers, for OpenAPI and for the tests that hold every live answer against them."""
