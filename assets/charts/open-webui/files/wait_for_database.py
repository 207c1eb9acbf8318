"""Waits until the database of DATABASE_URL takes a connection, for the role and database that it names."""

import os
import re
import sys
import time

import psycopg

# SQLAlchemy's form names a driver after a plus sign; libpq does not know it.
url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", os.environ["DATABASE_URL"].strip())
deadline = time.monotonic() + float(os.environ["WAIT_TIMEOUT_SECONDS"])
said = ""
while True:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as error:
        # Of the message only the server's own answer is repeated: the rest quotes parts of the URL, and of
        # one that was not percent-encoded, what is taken for the host may be a piece of the password.
        _, answered, answer = str(error).partition("FATAL:")
        reason = answer.strip().split("\n")[0] if answered else f"no answer yet ({type(error).__name__})"
    else:
        sys.stderr.write("database: ready\n")
        sys.exit(0)
    if reason != said:
        sys.stderr.write(f"database: not ready: {reason}\n")
        said = reason
    if time.monotonic() > deadline:
        sys.exit("database: gave up waiting")
    time.sleep(1)
