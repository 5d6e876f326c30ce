#!/usr/bin/env bash
# Runs a command with a PostgreSQL of its own on loopback, whose address is in T2A_POSTGRES. T2A_POSTGRES_RESTART is a
# program that kills it, without a chance to tidy up, and starts it again. Without an installed PostgreSQL, the command runs
# without one.
set -euo pipefail

programs=$(command -v pg_ctl || ls /usr/lib/postgresql/*/bin/pg_ctl 2>/dev/null | sort -V | tail -n 1 || true)
if [ -z "$programs" ]; then
    echo "no PostgreSQL is installed: its tests are skipped" >&2
    exec "$@"
fi
programs=$(dirname "$(readlink -f "$programs")")
folder=$(mktemp -d)
# PostgreSQL refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
    as=(runuser -u postgres --)
    chown postgres "$folder"
fi
trap '"${as[@]}" "$programs/pg_ctl" -D "$folder/data" -m immediate -s stop || true; rm -rf "$folder"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cd "$folder"
"${as[@]}" "$programs/initdb" -D "$folder/data" -A trust -U text2art >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
# A process has up to nine connections, and a trial has dozens of processes.
settings="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c max_connections=500"
"${as[@]}" "$programs/pg_ctl" -D "$folder/data" -o "$settings" -l "$folder/data/log" -s -w -t 60 start ||
    { cat "$folder/data/log"; exit 1; }
cd "$OLDPWD"
# It keeps its port and its other settings.
cat >"$folder/restart" <<END
#!/bin/sh
cd "$folder"
exec ${as[*]} "$programs/pg_ctl" -D "$folder/data" -l "$folder/data/log" -m immediate -s -w -t 60 restart
END
chmod 755 "$folder/restart"
T2A_POSTGRES=postgres://text2art@127.0.0.1:$port/postgres T2A_POSTGRES_RESTART=$folder/restart "$@"
