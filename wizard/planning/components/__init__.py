"""One file for each component: what the profile means for its release, as Helm values."""
