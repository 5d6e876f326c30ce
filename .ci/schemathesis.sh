#!/usr/bin/env bash
# Tries the API with requests that are generated from its description: whatever they are, the answers are those that the
# description promises. What is no failure is in .ci/schemathesis.toml, with the reasons.
#
#     .ci/schemathesis.sh VENV [PROGRAM]
#
# VENV is a folder for Python's packages, which is made if it is missing. PROGRAM is target/release/text2art if none is named.
set -euo pipefail
if [ $# -lt 1 ]; then
    echo "usage: .ci/schemathesis.sh VENV [PROGRAM]" >&2
    exit 2
fi
venv=$1
program=${2:-${CARGO_TARGET_DIR:-target}/release/text2art}
here=$(cd "$(dirname "$0")" && pwd)

[ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
"$venv/bin/pip" install -q schemathesis==4.32.5

folder=$(mktemp -d)
server=
end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap end EXIT

"$program" serve --listen 127.0.0.1:0 --data "$folder/data" --workers 0 --log json >/dev/null 2>"$folder/log" &
server=$!
for _ in $(seq 100); do
    address=$(sed -n 's/.*"message":"listening".*"address":"\([^"]*\)".*/\1/p' "$folder/log")
    [ -z "$address" ] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
if [ -z "$address" ]; then
    cat "$folder/log" >&2
    echo "the server did not start" >&2
    exit 1
fi

# All checks, and the same requests each time. Naming the checks here would overrule the file.
(cd "$folder" && "$venv/bin/schemathesis" --config-file "$here/schemathesis.toml" run "$address/api/v1/openapi.json" \
    --seed 1 --max-examples 30 --warnings off)

# Nothing that was asked made the server panic, or fail.
if grep -e panicked -e '"level":"ERROR"' "$folder/log"; then
    echo "the log has errors" >&2
    exit 1
fi
kill -0 "$server"
