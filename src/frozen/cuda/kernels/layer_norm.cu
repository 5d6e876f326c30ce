// Layer normalization (Ba et al., 2016) over rows [rows, channels]; backwards, with n the normalized numbers and
// g = gamma dy: dx = (g - mean(g) - n mean(g n)) / sqrt(variance + epsilon). One block per row, in two passes.
#include "common.cuh"

// Mean and inverse standard deviation of a row.
__device__ inline void moments_of_row(const float *row, int channels, float epsilon, float *shared, float *mean,
                                      float *inverse) {
    float total = 0.0f;
    for (int i = threadIdx.x; i < channels; i += THREADS) {
        total += row[i];
    }
    *mean = sum_of_block(total, shared) / channels;
    float squares = 0.0f;
    for (int i = threadIdx.x; i < channels; i += THREADS) {
        squares += (row[i] - *mean) * (row[i] - *mean);
    }
    *inverse = 1.0f / sqrtf(sum_of_block(squares, shared) / channels + epsilon);
}

// x, y: [rows, channels]; gamma, beta: [channels]; grid [rows]
extern "C" __global__ void layer_norm_forward(const float *x, const float *gamma, const float *beta, float *y,
                                              int channels, float epsilon) {
    __shared__ float shared[WARPS];
    long long start = (long long)blockIdx.x * channels;
    float mean, inverse;
    moments_of_row(x + start, channels, epsilon, shared, &mean, &inverse);
    for (int i = threadIdx.x; i < channels; i += THREADS) {
        y[start + i] = (x[start + i] - mean) * inverse * gamma[i] + beta[i];
    }
}

// x, dy, dx: [rows, channels], dx may be dy; grid [rows]
extern "C" __global__ void layer_norm_backward(const float *x, const float *dy, const float *gamma, float *dx,
                                               int channels, float epsilon) {
    __shared__ float shared[WARPS];
    long long start = (long long)blockIdx.x * channels;
    float mean, inverse;
    moments_of_row(x + start, channels, epsilon, shared, &mean, &inverse);
    float first = 0.0f, second = 0.0f;
    for (int i = threadIdx.x; i < channels; i += THREADS) {
        float slope = dy[start + i] * gamma[i];
        first += slope;
        second += slope * (x[start + i] - mean) * inverse;
    }
    first = sum_of_block(first, shared) / channels;
    second = sum_of_block(second, shared) / channels;
    for (int i = threadIdx.x; i < channels; i += THREADS) {
        float normalised = (x[start + i] - mean) * inverse;
        dx[start + i] = inverse * (dy[start + i] * gamma[i] - first - normalised * second);
    }
}
