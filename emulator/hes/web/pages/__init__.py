"""What an administrator sees in a browser: pages made on the server, which work without scripts as far as they can."""
