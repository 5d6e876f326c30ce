// Group normalization (Wu and He, 2018) and an optional SiLU after it; backwards, with n the normalized numbers and
// g the gradient times gamma (and the SiLU's slope): dx = (g - mean(g) - n mean(g n)) / sqrt(variance + epsilon).
//
// x, y, dy, dx: [batch, channels, height, width], viewed as [batch * groups, size]. A group is cut into chunks of CHUNK
// elements, one block each: a first kernel writes each chunk's sum and the sum of squares about its own mean, and
// kernels that need a group's moments add up its chunks (Chan et al., Updating formulae and a pairwise algorithm for
// computing sample variances, 1979), in an order that depends only on the shape. Grids are [chunks, batch * groups].
#include "common.cuh"
#include "functions.cuh"

#define CHUNK 4096

__device__ inline int chunk_length(int size) {
    int rest = size - (int)blockIdx.x * CHUNK;
    return rest < CHUNK ? rest : CHUNK;
}

__device__ inline long long chunk_start(int size) {
    return (long long)blockIdx.y * size + (long long)blockIdx.x * CHUNK;
}

// Sums of each chunk: partial [batch * groups, chunks, 2].
extern "C" __global__ void group_norm_moments(const float *x, float *partial, int size) {
    __shared__ float shared[WARPS];
    const float *chunk = x + chunk_start(size);
    int length = chunk_length(size);
    float total = 0.0f;
    for (int i = threadIdx.x; i < length; i += THREADS) {
        total += chunk[i];
    }
    total = sum_of_block(total, shared);
    float mean = total / length;
    float squares = 0.0f;
    for (int i = threadIdx.x; i < length; i += THREADS) {
        squares += (chunk[i] - mean) * (chunk[i] - mean);
    }
    squares = sum_of_block(squares, shared);
    if (threadIdx.x == 0) {
        float *own = partial + 2 * ((long long)blockIdx.y * gridDim.x + blockIdx.x);
        own[0] = total;
        own[1] = squares;
    }
}

// Mean and inverse standard deviation of the block's group.
__device__ inline void moments_of_group(const float *partial, int size, float epsilon, float *shared, float *mean,
                                        float *inverse) {
    int chunks = gridDim.x;
    const float *own = partial + 2 * (long long)blockIdx.y * chunks;
    float total = 0.0f;
    for (int i = threadIdx.x; i < chunks; i += THREADS) {
        total += own[2 * i];
    }
    *mean = sum_of_block(total, shared) / size;
    float squares = 0.0f;
    for (int i = threadIdx.x; i < chunks; i += THREADS) {
        float length = i + 1 < chunks ? CHUNK : size - i * CHUNK;
        float apart = own[2 * i] / length - *mean;
        squares += own[2 * i + 1] + length * apart * apart;
    }
    *inverse = 1.0f / sqrtf(sum_of_block(squares, shared) / size + epsilon);
}

// The channel of an element of the block's chunk.
__device__ inline int channel_of(int i, int size, int area, int groups) {
    return (int)(blockIdx.y % groups) * (size / area) + ((int)blockIdx.x * CHUNK + i) / area;
}

// gamma, beta: [channels]
extern "C" __global__ void group_norm_forward(const float *x, const float *partial, const float *gamma,
                                              const float *beta, float *y, int size, int area, int groups,
                                              float epsilon, int silu) {
    __shared__ float shared[WARPS];
    float mean, inverse;
    moments_of_group(partial, size, epsilon, shared, &mean, &inverse);
    long long start = chunk_start(size);
    int length = chunk_length(size);
    for (int i = threadIdx.x; i < length; i += THREADS) {
        int channel = channel_of(i, size, area, groups);
        float value = (x[start + i] - mean) * (inverse * gamma[channel]) + beta[channel];
        y[start + i] = silu ? value * sigmoid(value) : value;
    }
}

// g of an element.
__device__ inline float slope_before(float dy, float normalised, float gamma, float beta, int silu) {
    float slope = dy * gamma;
    return silu ? slope * logistic_derivative(normalised * gamma + beta, 1.0f) : slope;
}

// Sums of g and of g n over each chunk: sums [batch * groups, chunks, 2].
extern "C" __global__ void group_norm_slopes(const float *x, const float *dy, const float *partial, const float *gamma,
                                             const float *beta, float *sums, int size, int area, int groups,
                                             float epsilon, int silu) {
    __shared__ float shared[WARPS];
    float mean, inverse;
    moments_of_group(partial, size, epsilon, shared, &mean, &inverse);
    long long start = chunk_start(size);
    int length = chunk_length(size);
    float first = 0.0f, second = 0.0f;
    for (int i = threadIdx.x; i < length; i += THREADS) {
        int channel = channel_of(i, size, area, groups);
        float normalised = (x[start + i] - mean) * inverse;
        float slope = slope_before(dy[start + i], normalised, gamma[channel], beta[channel], silu);
        first += slope;
        second += slope * normalised;
    }
    first = sum_of_block(first, shared);
    second = sum_of_block(second, shared);
    if (threadIdx.x == 0) {
        float *own = sums + 2 * ((long long)blockIdx.y * gridDim.x + blockIdx.x);
        own[0] = first;
        own[1] = second;
    }
}

// dx may be dy.
extern "C" __global__ void group_norm_backward(const float *x, const float *dy, const float *partial,
                                               const float *sums, const float *gamma, const float *beta, float *dx,
                                               int size, int area, int groups, float epsilon, int silu) {
    __shared__ float shared[WARPS];
    float mean, inverse;
    moments_of_group(partial, size, epsilon, shared, &mean, &inverse);
    const float *own = sums + 2 * (long long)blockIdx.y * gridDim.x;
    float first = 0.0f, second = 0.0f;
    for (int i = threadIdx.x; i < gridDim.x; i += THREADS) {
        first += own[2 * i];
        second += own[2 * i + 1];
    }
    first = sum_of_block(first, shared) / size;
    second = sum_of_block(second, shared) / size;
    long long start = chunk_start(size);
    int length = chunk_length(size);
    for (int i = threadIdx.x; i < length; i += THREADS) {
        int channel = channel_of(i, size, area, groups);
        float normalised = (x[start + i] - mean) * inverse;
        float slope = slope_before(dy[start + i], normalised, gamma[channel], beta[channel], silu);
        dx[start + i] = inverse * (slope - first - normalised * second);
    }
}
