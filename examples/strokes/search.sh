#!/usr/bin/env bash
# Measures how well pictures of strokes fit their prompts with the embedded model (the mean cosine of the first pictures
# and of the last), for several weights that keep them close to the first picture, and several learning rates:
#
#     examples/strokes/search.sh          # takes some minutes; prints a row for each value
set -euo pipefail
text2art=$(realpath "${TEXT2ART:-target/release/text2art}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
prompts=("a red apple on a blue background" "a penguin in the snow" "a yellow banana on a pink background" "a pineapple"
    "a mushroom" "a snowman" "a sunflower" "a castle" "an owl" "a sailboat on the sea")
row() {
    local first=0 last=0 fits
    for prompt in "${prompts[@]}"; do
        "$text2art" "$prompt" "$@" --size 256x256 -n 50 -q --force -o p.png >/dev/null
        fits=$("$text2art" info p.png --json | tr -d '\n' | sed 's/.*"first_fit": *\([-0-9.]*\).*/\1/')
        first=$(awk "BEGIN { print $first + $fits }")
        fits=$("$text2art" info p.png --json | tr -d '\n' | sed 's/.*"fit": *\([-0-9.]*\).*/\1/')
        last=$(awk "BEGIN { print $last + $fits }")
    done
    printf '| `%s` | %.3f | %.3f |\n' "$*" "$(awk "BEGIN { print $first / ${#prompts[@]} }")" \
        "$(awk "BEGIN { print $last / ${#prompts[@]} }")"
}
for weight in 0 20 40 100; do row --drawer strokes --init-weight "$weight"; done
for rate in 0.5 2; do row --drawer strokes --learning-rate "$rate"; done
for weight in 0 0.3 1; do row --drawer line --init-weight "$weight"; done
