// Converts numbers of 32 bits to bf16 and back. A bf16 is the upper half of a float (Wang and Kanwar, BFloat16: the
// secret to high performance on Cloud TPUs, 2019), rounded to nearest, ties to even. A word holds two of them, the
// first in its lower half.
#include "common.cuh"

__device__ inline unsigned to_half(float value) {
    unsigned bits = __float_as_uint(value);
    // NaN stays NaN: rounding could make it infinite.
    return value != value ? bits >> 16 | 0x40 : (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

// values: [count]; halves: [words], one thread each
extern "C" __global__ void narrow(const float *values, unsigned *halves, long long words, long long count) {
    long long i = element_of_thread();
    if (i < words) {
        unsigned second = 2 * i + 1 < count ? to_half(values[2 * i + 1]) : 0;
        halves[i] = to_half(values[2 * i]) | second << 16;
    }
}

// values = halves, or += with `accumulate`; values: [count], one thread each
extern "C" __global__ void widen(const unsigned *halves, float *values, int accumulate, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        float value = __uint_as_float(halves[i / 2] >> 16 * (i % 2) << 16);
        values[i] = accumulate ? values[i] + value : value;
    }
}
