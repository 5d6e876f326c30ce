// The mean difference between neighboring pixels (`sharpness.rs`) of planes [3, height, width]. If the picture is tiled,
// pixels at edges that continue each other are neighbors; the copy on the right is `drop` rows lower.
#include "common.cuh"

// The pixels beside a pixel, -1 where there are none.
struct Beside {
    long long left, right, above, below;
};

__device__ inline Beside beside(long long i, int height, int width, int wraps_across, int wraps_down, int drop) {
    int column = (int)(i % width), row = (int)(i / width % height);
    long long plane = i / width / height * height;
    Beside found = {i - 1, i + 1, i - width, i + width};
    if (column == 0) {
        found.left = wraps_across ? (plane + (row + height - drop) % height) * width + width - 1 : -1;
    }
    if (column == width - 1) {
        found.right = wraps_across ? (plane + (row + drop) % height) * width : -1;
    }
    if (row == 0) {
        found.above = wraps_down ? i + (long long)(height - 1) * width : -1;
    }
    if (row == height - 1) {
        found.below = wraps_down ? i - (long long)(height - 1) * width : -1;
    }
    return found;
}

// The sums of the differences across and down that each block adds: partial [blocks, 2].
extern "C" __global__ void sharpness_sums(const float *x, double *partial, int height, int width, int wraps_across,
                                          int wraps_down, int drop, long long count) {
    __shared__ double shared[WARPS];
    double across = 0.0, down = 0.0;
    for (long long i = element_of_thread(); i < count; i += (long long)gridDim.x * THREADS) {
        Beside near = beside(i, height, width, wraps_across, wraps_down, drop);
        across += near.right >= 0 ? fabsf(x[i] - x[near.right]) : 0.0f;
        down += near.below >= 0 ? fabsf(x[i] - x[near.below]) : 0.0f;
    }
    across = sum_of_block(across, shared);
    down = sum_of_block(down, shared);
    if (threadIdx.x == 0) {
        partial[2 * blockIdx.x] = across;
        partial[2 * blockIdx.x + 1] = down;
    }
}

// The weighted sum of `partial` [parts, 2]: y [1]. One thread.
extern "C" __global__ void sharpness_forward(const double *partial, float *y, float across, float down, int parts) {
    if (threadIdx.x != 0) {
        return;
    }
    double of_across = 0.0, of_down = 0.0;
    for (int part = 0; part < parts; part++) {
        of_across += partial[2 * part];
        of_down += partial[2 * part + 1];
    }
    y[0] = (float)(across * of_across + down * of_down);
}

// The direction of a difference; equal pixels have none.
__device__ inline float direction_from(const float *x, long long i, long long other) {
    if (other < 0 || x[i] == x[other]) {
        return 0.0f;
    }
    return x[i] > x[other] ? 1.0f : -1.0f;
}

// gradient: [1]. One thread per pixel.
extern "C" __global__ void sharpness_backward(const float *x, const float *gradient, float *dx, float across, float down,
                                              int height, int width, int wraps_across, int wraps_down, int drop,
                                              long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    Beside near = beside(i, height, width, wraps_across, wraps_down, drop);
    float of_across = direction_from(x, i, near.left) + direction_from(x, i, near.right);
    float of_down = direction_from(x, i, near.above) + direction_from(x, i, near.below);
    dx[i] = across * gradient[0] * of_across + down * gradient[0] * of_down;
}
