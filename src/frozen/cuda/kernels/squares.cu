// Sums of squares of numbers, or of their differences from fixed ones (`squares.rs`). A single block sums in double
// precision, so that the order is the same on every card.
#include "common.cuh"

__device__ inline float apart_from(const float *x, const float *from, int has_from, long long i) {
    return has_from ? x[i] - from[i] : x[i];
}

// x, from: [count]; sum: [1]; grid [1]
extern "C" __global__ void square_sum_forward(const float *x, const float *from, float *sum, int has_from, float factor,
                                              long long count) {
    __shared__ double shared[WARPS];
    double total = 0.0;
    for (long long i = threadIdx.x; i < count; i += THREADS) {
        double apart = apart_from(x, from, has_from, i);
        total += apart * apart;
    }
    total = sum_of_block(total, shared);
    if (threadIdx.x == 0) {
        sum[0] = (float)(factor * total);
    }
}

// gradient: [1]; dx: [count], one thread each
extern "C" __global__ void square_sum_backward(const float *x, const float *from, const float *gradient, float *dx,
                                               int has_from, float factor, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        dx[i] = 2.0f * factor * gradient[0] * apart_from(x, from, has_from, i);
    }
}
