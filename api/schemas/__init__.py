"""The response models, for OpenAPI and for the tests that validate live responses against them."""
