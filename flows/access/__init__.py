"""What each role of the database may do: read from its catalogs, and compared with the page."""
