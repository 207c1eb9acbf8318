"""The HTTP half of the API server: requests in, JSON out. What the objects mean is decided outside of it."""
