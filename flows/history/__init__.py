"""The dated marts as Parquet files, one for each mart and month, and SQL over these files."""
