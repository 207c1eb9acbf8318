"""The README's pictures, taken from the real app on a real sandbox: `make pictures`."""
