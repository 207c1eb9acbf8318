"""The sandbox under random work for minutes: does every watcher end right, and does memory stay bounded?

`python -m tests.soak --seconds 600 --clients 8 --seed 1` starts a sandbox of its own. Each client writes at
random and follows several watches, as client-go's reflectors do; meanwhile the API is made to misbehave
(connections dropped, 429, 500, watches that end, stale lists, compaction). Again and again, and once more at
the end, each watcher's state is compared with a fresh list, whole objects, at exactly the list's version.
"""
