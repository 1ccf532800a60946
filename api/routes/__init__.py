"""The routes, one module per group of endpoints. A route only names its query and its parameters."""
