// Mean and maximum of each channel of pictures [batch, channels, area]: [batch, 2 channels], the means first. Of
// several maxima, the first gets the gradient. One block per channel, grid [batch * channels].
#include "common.cuh"

// The place of the largest element; of equals, the first.
__device__ inline int place_of_maximum(const float *values, int area, float *shared, int *places) {
    int best = threadIdx.x < area ? (int)threadIdx.x : 0;
    for (int i = threadIdx.x + THREADS; i < area; i += THREADS) {
        if (values[i] > values[best]) {
            best = i;
        }
    }
    return place_of_largest_in_block(values[best], best, shared, places);
}

extern "C" __global__ void mean_max_forward(const float *x, float *y, int channels, int area) {
    __shared__ float shared[THREADS];
    __shared__ int places[THREADS];
    const float *values = x + (long long)blockIdx.x * area;
    float total = 0.0f;
    for (int i = threadIdx.x; i < area; i += THREADS) {
        total += values[i];
    }
    total = sum_of_block(total, shared);
    int place = place_of_maximum(values, area, shared, places);
    if (threadIdx.x == 0) {
        float *own = y + (long long)(blockIdx.x / channels) * 2 * channels + blockIdx.x % channels;
        own[0] = total / area;
        own[channels] = values[place];
    }
}

extern "C" __global__ void mean_max_backward(const float *x, const float *dy, float *dx, int channels, int area) {
    __shared__ float shared[THREADS];
    __shared__ int places[THREADS];
    long long start = (long long)blockIdx.x * area;
    int place = place_of_maximum(x + start, area, shared, places);
    const float *own = dy + (long long)(blockIdx.x / channels) * 2 * channels + blockIdx.x % channels;
    for (int i = threadIdx.x; i < area; i += THREADS) {
        dx[start + i] = own[0] / area + (i == place ? own[channels] : 0.0f);
    }
}
