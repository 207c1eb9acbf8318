"""A real OpenSSH server with a private /etc, /usr/local, /var/lib and /run: target `k3s` without a second machine."""
