"""The routes of the vendor's REST API, and those that only the pages have there."""
