#!/usr/bin/env bash
# Makes a virtual card: stand-ins for NVIDIA's driver and libraries that compute, on the CPU, what the program asks a
# GPU for, and look at each call as a real card would and more closely: a launch with a pointer to no memory of the
# card, a kernel that writes beside its memory, a barrier that some threads miss, memory that two streams use at a time.
# Fresh memory is full of NaN. For tests only, and no measure of speed.
#   make.sh PROGRAM FOLDER, then LD_LIBRARY_PATH=FOLDER PROGRAM --device cuda:0
# The program's kernels are its own, compiled as C++ (src/frozen/cuda/emulation/shim.h); the tensor library's are
# written again in tensor_kernels.cpp, as far as the program uses them. What is missing says so on standard error. What
# the environment can ask of the stand-ins (../cuda_stand_ins/stand_ins.c), it can ask here.
# Needs compilers for C and C++, and binutils.
set -euo pipefail
program=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
cuda=$(cd "$here/../../src/frozen/cuda" && pwd)
mkdir -p "$folder"

# All of the program's kernels, and how they are launched.
{
    echo "#include \"$cuda/emulation/shim.h\""
    for file in "$cuda"/kernels/*.cu; do
        echo "#include \"$file\""
        sed -nE 's/.*__global__ void ([a-z_0-9]+)\(.*/EXPORT(\1)/p' "$file"
    done
} >"$folder/own_kernels.cpp"

options=(-std=c++17 -O1 -fPIC -Wall -Wno-unused -Wno-unknown-pragmas)
c++ "${options[@]}" -fvisibility=hidden -c -o "$folder/own_kernels.o" "$folder/own_kernels.cpp"
for part in memory streams totals driver tensor_kernels; do
    c++ "${options[@]}" -c -o "$folder/$part.o" "$here/$part.cpp"
done
# Most of the time goes here.
for part in products convolutions; do
    c++ "${options[@]}" -O3 -march=native -c -o "$folder/$part.o" "$here/$part.cpp"
done

"$here/../cuda_stand_ins/make.sh" "$program" "$folder" "$folder"/*.o -lstdc++
