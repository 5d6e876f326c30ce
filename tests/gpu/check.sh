#!/usr/bin/env bash
# Tests and measures text2art on a machine with an NVIDIA GPU:
#
#     tests/gpu/check.sh [BINARY] [FOLDER] [TESTS]
#
# BINARY   built with --features cuda (default: target/release/text2art); without CUDA, the GPU part is skipped
# FOLDER   where the results go (default: gpu-check); its `results.md` is for tests/benches/peer/RESULTS.md
# TESTS    a folder of test programs; without one cargo builds them
#
# For a machine without Rust, pack the binary and the tests on another one. This checkout has the reference data:
#
#     tests/gpu/check.sh --pack FOLDER    # builds with CUDA; then: tests/gpu/check.sh FOLDER/text2art OUT FOLDER
#
# Checks that need something that is missing (a GPU, PyTorch) are listed as skipped. PYTHON is the Python that has
# tests/benches/peer/requirements.txt installed. The exit code is 1 if a check failed.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
# Tests against reference data, which compute on the processor, and those of what computes on a GPU: each layer there
# against the processor's, and what tests/gpu/cuda_*.rs have.
parity=(clip_parity vqgan_parity reference_run)
on_gpu=(layers)
for file in "$repository"/tests/gpu/cuda_*.rs; do
    name=$(basename "$file" .rs)
    test "$name" = cuda_stand_ins || on_gpu+=("$name")
done

if [ "${1:-}" = --pack ]; then
    mkdir -p "${2:?--pack needs a folder}"
    folder=$(cd "$2" && pwd)
    cd "$repository"
    features=${T2A_FEATURES:-cuda}
    cargo build --release --locked --features "$features"
    cp "${CARGO_TARGET_DIR:-target}/release/text2art" "$folder/"
    for name in numerics gpu layers; do
        which=(--test "$name")
        test "$name" != layers || which=(--lib)
        program=$(cargo test --release --locked --features "$features" "${which[@]}" --no-run 2>&1 |
            sed -n 's/.*Executable .*(\(.*\))$/\1/p')
        cp "$program" "$folder/$name"
    done
    strip "$folder"/*
    exit
fi

binary=$(realpath "${1:-$repository/target/release/text2art}")
mkdir -p "${2:-gpu-check}"
folder=$(cd "${2:-gpu-check}" && pwd)
tests=${3:+$(realpath "$3")}
# The user's own settings would change the results. Tests look for their data and for the program here.
export TEXT2ART_CONFIG=none CARGO_MANIFEST_DIR=$repository CARGO_BIN_EXE_text2art=$binary
python=${PYTHON:-python3}
failures=0
results=$folder/results.md
: >"$results"

say() { echo "$*" >&2; }
skip() { say "skipped $1: $2"; echo "- $1: not measured ($2)" >>"$results"; }
# Runs a check and writes its output to a separate file: check NAME COMMAND...
check() {
    local name=$1 started=$SECONDS
    shift
    if "$@" >"$folder/$name.out" 2>"$folder/$name.err"; then
        say "done    $name ($((SECONDS - started)) s)"
        return 0
    fi
    say "FAILED  $name: $(tail -n 1 "$folder/$name.err")"
    echo "- $name: failed" >>"$results"
    failures=$((failures + 1))
    return 1
}
# Runs a check and adds its output to the results.
show() {
    if check "$@"; then
        { echo; echo "\`text2art ${*:3}\`"; echo; sed 's/^/    /' "$folder/$1.out"; } >>"$results"
    fi
}

# The libraries of PyTorch's wheels and of the toolkit, if the loader does not find them.
if ! "$binary" --version >/dev/null 2>&1; then
    wheels=$("$python" -c 'import glob, os, sysconfig
site = sysconfig.get_paths()["purelib"]
print(":".join(sorted({os.path.dirname(file) for file in glob.glob(site + "/nvidia/*/lib/*.so*")})))' || true)
    for place in $wheels /usr/local/cuda/lib64 /usr/local/nvidia/lib64; do
        LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$place
    done
    export LD_LIBRARY_PATH
fi
"$binary" --version >/dev/null || { say "error: $binary does not start (README, GPU)"; exit 1; }

check doctor "$binary" doctor || exit 1
check doctor-json "$binary" doctor --json || exit 1
# The line of the first GPU that can be used: `GPU  cuda:0 (NAME), compute capability ..., 8.0 GiB, ...: usable`.
gpu=$(sed -n 's/^GPU *\(cuda:.*\): usable$/\1/p' "$folder/doctor.out" | head -n 1)
driver=$(sed -n 's/^driver *//p' "$folder/doctor.out")
processor=$(sed -n 's/^device *//p' "$folder/doctor.out")
device=${gpu%% *}
device=${device:-cpu}
reason=$(sed -n 's/^GPU *//p' "$folder/doctor.out" | head -n 1)
say "computing on $device: ${gpu:-$reason}"
{
    echo "## $(date -u +%F), ${gpu:-$processor}"
    echo
    echo "$("$binary" --version), $(nproc) threads of $processor${driver:+; driver $driver}."
    echo
} >>"$results"
if command -v nvidia-smi >/dev/null; then
    check nvidia-smi nvidia-smi -q -d MEMORY,CLOCK,POWER,PERFORMANCE || true
else
    skip nvidia-smi "it is not installed"
fi

# The tests of one name, from the folder of programs or by cargo.
run_test() {
    local program=numerics only=$1:: features=${T2A_FEATURES:-} which
    case $1 in
    layers)
        # They fail if they would be emulated.
        export TEXT2ART_TESTS_NEED_CARD=1
        program=layers only=frozen::cuda features=${features:-cuda}
        ;;
    cuda_*) program=gpu features=${features:-cuda} ;;
    esac
    if [ -n "$tests" ]; then
        (cd "$repository" && "$tests/$program" "$only")
    else
        which=(--test "$program")
        test "$program" != layers || which=(--lib)
        # shellcheck disable=SC2086 # several words, or none
        (cd "$repository" && cargo test --release --locked ${features:+--features $features} "${which[@]}" -- "$only")
    fi
}
passed() { check "$1" run_test "$1" && echo "- $1: passed" >>"$results" || true; }
for name in "${parity[@]}"; do
    if [ -z "$tests" ] && ! command -v cargo >/dev/null; then
        skip "$name" "neither cargo nor a folder of tests"
    else
        passed "$name"
    fi
done
for name in "${on_gpu[@]}"; do
    if [ "$device" = cpu ]; then
        skip "$name" "$reason"
    else
        passed "$name"
    fi
done

# A picture of the embedded model: the same bytes three times, once while something else is running.
draw() { "$binary" "a red apple on a blue background" --seed 1 --device "$device" --force -o "$folder/$1.png"; }
pictures() {
    draw first
    draw again
    "$binary" bench --work a --device "$device" --repetitions 1000 >/dev/null 2>&1 &
    local load=$!
    draw beside || { kill $load; return 1; }
    kill $load 2>/dev/null || { echo "the other load ended before the picture" >&2; return 1; }
    wait $load || true
    cmp "$folder/first.png" "$folder/again.png" && cmp "$folder/first.png" "$folder/beside.png"
}
if check pictures pictures; then
    echo "- The embedded model's picture on $device: three times the same bytes, once beside another load" >>"$results"
fi

repetitions=${T2A_REPETITIONS:-5}
show bench-a "$binary" bench --work a --device "$device" --repetitions "$repetitions"
show bench-b "$binary" bench --work b --device "$device" --repetitions "$repetitions"
check bench-a-json "$binary" bench --work a --device "$device" --repetitions "$repetitions" --json || true
if [ "$device" = cpu ]; then
    skip "512x512, 64 cutouts, two CLIPs" "$reason"
    skip 1024x1024 "$reason"
else
    show bench-two-clips "$binary" bench --work a --device "$device" --size 512x512 --cutouts 64 \
        --clip vit-b32.json,vit-b32.json --repetitions "$repetitions"
    show bench-large "$binary" bench --work a --device "$device" --size 1024x1024 --repetitions "$repetitions"
fi

# The same work in PyTorch, for comparison.
if ! "$python" -c 'import kornia, taming, torch, transformers' 2>"$folder/peer.err"; then
    skip "peer bench" "no $python with tests/benches/peer/requirements.txt"
elif [ "$device" != cpu ] && ! "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
    skip "peer bench" "this PyTorch sees no GPU"
else
    for compiled in "" --compile; do
        if check "peer-bench$compiled" "$python" "$repository/tests/benches/peer/run.py" --binary "$binary" \
            --device "$device" --rounds "${T2A_ROUNDS:-3}" --repetitions "$repetitions" $compiled; then
            { echo; echo "Beside PyTorch${compiled:+ with torch.compile}:"; echo; cat "$folder/peer-bench$compiled.out"; } \
                >>"$results"
        fi
    done
fi
say "the results are in $folder; its results.md is for tests/benches/peer/RESULTS.md"
test $failures = 0 || { say "$failures failed"; exit 1; }
