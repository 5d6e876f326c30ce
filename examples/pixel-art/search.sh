#!/usr/bin/env bash
# Measures how well pixel art of the embedded model fits its prompts (the mean cosine of five pictures), for several
# learning rates and palette weights:
#
#     examples/pixel-art/search.sh          # takes some minutes; prints a row for each value
set -euo pipefail
text2art=$(realpath "${TEXT2ART:-target/release/text2art}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
prompts=("a red apple on a blue background" "a penguin in the snow" "a sailboat on the sea"
    "a yellow banana on a pink background" "a purple octopus underwater")
row() {
    local total=0 cosine
    for prompt in "${prompts[@]}"; do
        "$text2art" "$prompt" --drawer pixel --pixel-size 32x32 --size 256x256 --colors 16 "$@" -q --force -o p.png >/dev/null
        cosine=$("$text2art" score p.png --prompt "$prompt" --json | grep -o '"cosine": [-0-9.]*' | cut -d ' ' -f 2)
        total=$(awk "BEGIN { print $total + $cosine }")
    done
    printf '| `%s` | %.3f |\n' "$*" "$(awk "BEGIN { print $total / ${#prompts[@]} }")"
}
for rate in 0.01 0.025 0.05 0.1 0.2; do row --learning-rate "$rate"; done
for weight in 0 2 5 20; do row --palette-weight "$weight"; done
