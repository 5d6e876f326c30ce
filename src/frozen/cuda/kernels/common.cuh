// What all kernels share: the size of a block, which element a thread is for, and sums over a block.
//
// Kernels are written in what the tests' emulation on a CPU (`emulation/shim.h`) understands, too: no shuffles between
// the threads of a warp, shared memory of a fixed size, and every thread of a block at every barrier.
#pragma once

#define THREADS 256

// The element a thread is for, where each has one.
__device__ inline long long element_of_thread() {
    return (long long)blockIdx.x * THREADS + threadIdx.x;
}

// The sum of one number of each thread, in every thread. The order is a tree's, whatever runs first.
__device__ inline float sum_of_block(float value, float *shared) {
    __syncthreads();
    shared[threadIdx.x] = value;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            shared[threadIdx.x] += shared[threadIdx.x + half];
        }
        __syncthreads();
    }
    return shared[0];
}

// The largest of one number of each thread, in every thread.
__device__ inline float maximum_of_block(float value, float *shared) {
    __syncthreads();
    shared[threadIdx.x] = value;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            shared[threadIdx.x] = fmaxf(shared[threadIdx.x], shared[threadIdx.x + half]);
        }
        __syncthreads();
    }
    return shared[0];
}
