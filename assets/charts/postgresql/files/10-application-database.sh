#!/bin/bash
# Runs once, by the image's entrypoint, against the temporary server that follows initdb.
# Makes the application's role and database; the role owns that database and has no other right in the cluster.
set -euo pipefail

# Were a half-made cluster left behind, the next start would find it, skip this script and come up without the
# application's database. Nothing of value exists yet, so the next start may as well begin again.
start_over() {
  local status=$?
  if ((status != 0)); then
    echo "application database: failed, clearing ${PGDATA:?} for another attempt" >&2
    find "$PGDATA" -mindepth 1 -delete || true
  fi
  exit "$status"
}
trap start_over EXIT

[[ -s $APP_PASSWORD_FILE ]] || { echo "application database: $APP_PASSWORD_FILE is missing or empty" >&2; exit 1; }

# The password goes from its file into the server: neither argv, nor the environment, nor (by the settings) the log sees it.
psql --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres \
  --set ON_ERROR_STOP=1 --set username="$APP_USERNAME" --set database="$APP_DATABASE" \
  --set password_file="$APP_PASSWORD_FILE" <<'SQL'
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
\set password `cat -- :'password_file'`
CREATE ROLE :"username" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"username";
REVOKE ALL ON DATABASE :"database", postgres, template1 FROM PUBLIC;
SQL
echo "application database: $APP_DATABASE, owned by $APP_USERNAME"
