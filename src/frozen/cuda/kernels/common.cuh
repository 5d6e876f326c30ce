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
template <typename T> __device__ inline T sum_of_block(T value, T *shared) {
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

// The place that came with the largest of one number of each thread, in every thread; of equals the least.
__device__ inline int place_of_largest_in_block(float value, int place, float *values, int *places) {
    __syncthreads();
    values[threadIdx.x] = value;
    places[threadIdx.x] = place;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            int other = threadIdx.x + half;
            bool earlier = values[other] == values[threadIdx.x] && places[other] < places[threadIdx.x];
            if (values[other] > values[threadIdx.x] || earlier) {
                values[threadIdx.x] = values[other];
                places[threadIdx.x] = places[other];
            }
        }
        __syncthreads();
    }
    return places[0];
}
