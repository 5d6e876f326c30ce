#!/usr/bin/env bash
# Runs a command with a stand-in of S3 (moto) on loopback, whose address is in T2A_S3, and with credentials for it in the
# environment. It has a bucket `text2art`. T2A_S3_PROCESS is the id of its process, which can be stopped and continued.
#
#     .ci/with_s3.sh VENV COMMAND...     # VENV is a virtual environment of Python, into which moto is installed
set -euo pipefail

python=$1
shift
[ -x "$python/bin/moto_server" ] || "$python/bin/pip" install -q "moto[s3,server]>=5.2,<6"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
log=$(mktemp)
"$python/bin/moto_server" -H 127.0.0.1 -p "$port" >"$log" 2>&1 &
server=$!
# It may be stopped.
trap 'kill -KILL "$server" || true; rm -f "$log"' EXIT
address=http://127.0.0.1:$port
for _ in $(seq 100); do
    ! curl --silent --fail --noproxy '*' --request PUT "$address/text2art" >/dev/null || break
    kill -0 "$server" 2>/dev/null || { cat "$log"; exit 1; }
    sleep 0.2
done
curl --silent --fail --noproxy '*' --head "$address/text2art" >/dev/null || { cat "$log"; exit 1; }
T2A_S3=$address T2A_S3_PROCESS=$server AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 "$@"
