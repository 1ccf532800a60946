"""The paths, a module for each group of contract. A route names its query and its parameters, no more."""
