#!/usr/bin/env bash
# Runs a program on a virtual card: run.sh PROGRAM [ARGUMENTS]
# As cargo's runner it lets tests compute on a GPU where there is none, and fail where they do not:
#   CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER=$PWD/tests/virtual_card/run.sh \
#       cargo test --release --features cuda --lib frozen::cuda
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$here/make.sh" "$1" "$folder"
export TEXT2ART_TESTS_NEED_CARD=1
LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$@"
