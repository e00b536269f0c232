"""The server's database: tables, transactions, secrets at rest, and what is done in every SQL dialect."""
