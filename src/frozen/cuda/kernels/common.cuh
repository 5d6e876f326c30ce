// Shared by all kernels: the size of a block, the element of a thread, and sums over a block.
//
// Kernels only use what the tests' emulation on a CPU (`emulation/shim.h`) also supports: shared memory of a fixed
// size, and every thread of a block at every barrier and every exchange between the threads of a warp.
#pragma once

#define THREADS 256
#define WARP 32
#define WARPS (THREADS / WARP)

// The element of a thread, if each thread has one.
__device__ inline long long element_of_thread() {
    return (long long)blockIdx.x * THREADS + threadIdx.x;
}

// In a grid of [rows, blocks of a row], the thread's first element in its row, and the step to its next one. The row's
// number is the block's, so computing with it costs the threads nothing.
__device__ inline unsigned first_in_row() {
    return (unsigned)blockIdx.y * THREADS + threadIdx.x;
}

__device__ inline unsigned step_in_row() {
    return (unsigned)gridDim.y * THREADS;
}

struct Sum {
    template <typename T> __device__ static T of(T first, T second) {
        return first + second;
    }
};

struct Maximum {
    __device__ static float of(float first, float second) {
        return fmaxf(first, second);
    }
};

// Reduces one number of each of `lanes` neighboring threads, for all of them, in tree order.
template <typename Operation, typename T> __device__ inline T reduced(T value, int lanes) {
    for (int apart = lanes / 2; apart > 0; apart /= 2) {
        value = Operation::of(value, __shfl_xor_sync(0xFFFFFFFFu, value, apart));
    }
    return value;
}

// Reduces one number of each thread of a block; shared [WARPS].
template <typename Operation, typename T> __device__ inline T reduced_in_block(T value, T *shared) {
    value = reduced<Operation>(value, WARP);
    // Until here, the shared memory may still be read.
    __syncthreads();
    if (threadIdx.x % WARP == 0) {
        shared[threadIdx.x / WARP] = value;
    }
    __syncthreads();
    return reduced<Operation>(shared[threadIdx.x % WARPS], WARPS);
}

// The sum of one number of each thread of a warp, or of a block, in every thread.
__device__ inline float sum_of_warp(float value) {
    return reduced<Sum>(value, WARP);
}

template <typename T> __device__ inline T sum_of_block(T value, T *shared) {
    return reduced_in_block<Sum>(value, shared);
}

// The largest of one number of each thread of a warp, or of a block, in every thread.
__device__ inline float maximum_of_warp(float value) {
    return reduced<Maximum>(value, WARP);
}

__device__ inline float maximum_of_block(float value, float *shared) {
    return reduced_in_block<Maximum>(value, shared);
}

// The place given with the largest of one number of each thread, in every thread; of equals, the smallest place.
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
