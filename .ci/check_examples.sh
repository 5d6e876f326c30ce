#!/usr/bin/env bash
# Runs every example at a small size in a temporary folder.
#
#     .ci/check_examples.sh [BINARY]            # needs python3 with venv; installs Python packages into a folder of its own
set -euo pipefail
examples=$(cd "$(dirname "$0")/../examples" && pwd)
TEXT2ART=$(realpath "${1:-$examples/../target/release/text2art}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The user's own settings would change the results.
export TEXT2ART TEXT2ART_CONFIG=none
export TEXT2ART_SIZE=32x32 TEXT2ART_ITERATIONS=10 TEXT2ART_CUTOUTS=2
fail() { echo "error: $1" >&2; exit 1; }

echo "one-liners.sh" >&2
mkdir "$work/one-liners"
(cd "$work/one-liners" && bash "$examples/one-liners.sh" >../one-liners.out 2>../one-liners.err) ||
    { cat "$work/one-liners.err" >&2; fail "one-liners.sh failed"; }
for file in octopus.png octopus.gif octopus.mp4 flower.gif butterfly.mp4 a-red-car.png house-night.png best.html; do
    test -s "$work/one-liners/$file" || fail "one-liners.sh made no $file"
done
cmp "$work/one-liners/fish.png" "$work/one-liners/fish-again.png"
if grep -q '^warning' "$work/one-liners.err"; then cat "$work/one-liners.err" >&2; fail "one-liners.sh is warned"; fi

# The number of pictures is the number of the file's lines after braces are expanded.
for batch in prompts.txt:11 prompts.jsonl:8 jobs.toml:7; do
    file=${batch%:*} count=${batch#*:}
    echo "$file" >&2
    mkdir "$work/$file"
    (cd "$work/$file" && "$TEXT2ART" batch "$examples/$file" --contact-sheet all.html 2>err) ||
        { cat "$work/$file/err" >&2; fail "$file failed"; }
    found=$(find "$work/$file" -name '*.png' | wc -l)
    test "$found" = "$count" || fail "$file gave $found pictures and not $count"
done >/dev/null

echo "server" >&2
mkdir "$work/server"
sed "s,/var/lib/text2art,$work/server/data," "$examples/server/serve.toml" >"$work/server/serve.toml"
err=$work/server/err
"$TEXT2ART" serve admin user add anna --no-password --config "$work/server/serve.toml" >/dev/null 2>"$err" ||
    fail "serve.toml is refused: $(cat "$err")"
if grep -q '^warning' "$err"; then fail "serve.toml: $(cat "$err")"; fi
if command -v systemd-analyze >/dev/null; then
    for unit in "$examples"/server/*.service; do
        sed "s,/usr/local/bin/text2art,$TEXT2ART," "$unit" >"$work/server/$(basename "$unit")"
    done
    systemd-analyze verify "$work"/server/*.service 2>"$err" || fail "the units are refused: $(cat "$err")"
    test ! -s "$err" || fail "the units: $(cat "$err")"
fi
if command -v caddy >/dev/null; then
    XDG_DATA_HOME="$work/server" XDG_CONFIG_HOME="$work/server" \
        caddy validate --adapter caddyfile --config "$examples/server/Caddyfile" >/dev/null 2>"$err" ||
        fail "the Caddyfile is refused: $(tail -n 1 "$err")"
fi

python3 "$examples/server/simulate.py" --hours 0.5 >"$work/simulated" || fail "simulate.py failed"
grep -q '^workers  *[0-9]' "$work/simulated" || fail "simulate.py names no number of workers"
python3 "$examples/server/simulate.py" >"$work/simulated"
while IFS= read -r line; do
    grep -qxF -- "$line" "$examples/server/README.md" || fail "the README of the server has another output of simulate.py: $line"
done <"$work/simulated"

python3 -m venv "$work/python"
"$work/python/bin/pip" install -q PyYAML==6.0.4 promql-parser==0.12.0 kubernetes-validate==1.37.0
"$work/python/bin/python" "$examples/../.ci/check_farm.py" || fail "the rules or the manifest are wrong"

echo "notebook.ipynb" >&2
"$work/python/bin/pip" install -q nbclient==0.11.0 ipykernel==7.4.0
mkdir "$work/notebook"
cat >"$work/run.py" <<'PYTHON'
import sys

import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=120, resources={"metadata": {"path": sys.argv[2]}}).execute()
outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
kinds = [kind for output in outputs for kind in output.get("data", {})]
text = "".join(output.get("text", "") for output in outputs)
assert kinds.count("image/png") >= 3 and "image/gif" in kinds and "image/svg+xml" in kinds, kinds
assert any("<video" in output.get("data", {}).get("text/html", "") for output in outputs), kinds
# A shell in a cell does not report that it failed.
assert "error:" not in text, text
# Progress is shown as lines, not as bars.
assert "iteration 10 of 10" in text and "\x1b" not in text and "█" not in text, repr(text)
PYTHON
"$work/python/bin/python" "$work/run.py" "$examples/notebook.ipynb" "$work/notebook"
echo "all examples work" >&2
