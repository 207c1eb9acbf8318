"""The only room that imports vendors' SDKs (pyhelm3, kubernetes, boto3, asyncssh, keyring).

Each adapter implements a Protocol of `ports` and translates its vendor's errors into ours.
"""
