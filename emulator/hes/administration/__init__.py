"""What an administrator does, a file for a subject; the rules are `vault_rules` and `account_rules`."""
