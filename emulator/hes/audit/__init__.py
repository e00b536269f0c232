"""What happened: on the server, and as clients report it; who worked where and when; lists and sums of it."""
