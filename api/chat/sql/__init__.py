"""SQL that a model wrote: checked by its grammar, and run as a role that reads one user's marts."""
