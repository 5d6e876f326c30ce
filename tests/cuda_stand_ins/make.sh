#!/usr/bin/env bash
# Makes stand-ins for all of NVIDIA's libraries that a program is linked with, so that it starts where there are none:
#   make.sh PROGRAM FOLDER [OBJECT...], then LD_LIBRARY_PATH=FOLDER PROGRAM
# Objects have functions that do more than those of stand_ins.c.
# Needs a C compiler and binutils.
set -euo pipefail
program=$1 folder=$2 objects=("${@:3}")
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"

# Each function that the program wants, or the binary beside it where it is one of cargo's tests, unless stand_ins.c or
# an object has it.
programs=("$program")
binary=$(dirname "$program")/../text2art
[ ! -x "$binary" ] || programs+=("$binary")
{
    echo 'long long stand_in_other(const char *name);'
    nm -D --undefined-only "${programs[@]}" | awk '{ sub(/@.*/, "", $NF); print $NF }' |
        { grep -E '^(__cuda|cuda|cu|cublas|cublasLt|curand|cudnn|nvrtc)[A-Z]' || true; } | sort -u |
        sed 's/.*/__attribute__((weak)) long long &(void) { return stand_in_other("&"); }/'
} >"$folder/others.c"

# All functions are in all libraries: the loader takes the first it finds. Some libraries' functions have a version,
# which is the library's name.
readelf -d "$program" | sed -nE 's/.*NEEDED.*\[(lib(cuda|cudart|cublas|cublasLt|curand|cudnn[a-z_]*|nvrtc)\.so[^]]*)\]/\1/p' |
    while read -r library; do
        cc -shared -fPIC -w -Wl,-soname,"$library" -Wl,--default-symver \
            -o "$folder/$library" "$here/stand_ins.c" "$folder/others.c" "${objects[@]}"
    done
