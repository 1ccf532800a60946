"""Response models of reports."""
