"""appHub and deviceHub: what clients call, and how the server reaches their keys."""
