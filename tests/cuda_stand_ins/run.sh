#!/usr/bin/env bash
# Runs a program on stand-ins for NVIDIA's libraries: run.sh PROGRAM [ARGUMENTS]
# As cargo's runner it lets tests that compute nothing on a GPU run where there is none:
#   CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER=tests/cuda_stand_ins/run.sh cargo test --release --features cuda --lib device
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$here/make.sh" "$1" "$folder"
LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$@"
