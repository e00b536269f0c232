"""Mail with activation codes, and a mailbox for those who have no mail server."""
