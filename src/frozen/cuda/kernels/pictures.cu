// Doubling, pooling, and a scale and a shift for each channel, for pictures [batch, channels, height, width].
#include "common.cuh"

// Nearest-neighbor enlargement by two, one thread per element of the output; `width` is the input's.
extern "C" __global__ void upsample_forward(const float *x, float *y, int width, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        long long row = i / (2 * width);
        y[i] = x[row / 2 * width + i % (2 * width) / 2];
    }
}

// One thread per element of the input.
extern "C" __global__ void upsample_backward(const float *dy, float *dx, int width, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        const float *upper = dy + i / width * 4 * width + i % width * 2;
        const float *lower = upper + 2 * width;
        dx[i] = (upper[0] + upper[1]) + (lower[0] + lower[1]);
    }
}

// The average of each square, one thread per element of the output; leftovers at the edges are dropped.
extern "C" __global__ void average_pool_forward(const float *x, float *y, int side, int height, int width,
                                                long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int columns = width / side, rows = height / side;
    int column = i % columns;
    long long rest = i / columns;
    const float *corner = x + (rest / rows * height + rest % rows * side) * width + column * side;
    float total = 0.0f;
    for (int row = 0; row < side; row++) {
        for (int step = 0; step < side; step++) {
            total += corner[(long long)row * width + step];
        }
    }
    y[i] = total / (side * side);
}

// One thread per element of the input.
extern "C" __global__ void average_pool_backward(const float *dy, float *dx, int side, int height, int width,
                                                 long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int columns = width / side, rows = height / side;
    int column = i % width / side;
    long long rest = i / width;
    int row = rest % height / side;
    bool inside = column < columns && row < rows;
    dx[i] = inside ? dy[(rest / height * rows + row) * columns + column] / (side * side) : 0.0f;
}

// y = scale x + shift; scale, shift: [channels]; grid [batch * channels, blocks of area]
extern "C" __global__ void affine_forward(const float *x, const float *scale, const float *shift, float *y,
                                          int channels, unsigned area) {
    int channel = blockIdx.x % channels;
    float factor = scale[channel], term = shift[channel];
    long long start = (long long)blockIdx.x * area;
    for (unsigned i = first_in_row(); i < area; i += step_in_row()) {
        y[start + i] = factor * x[start + i] + term;
    }
}

extern "C" __global__ void affine_backward(const float *dy, const float *scale, float *dx, int channels,
                                           unsigned area) {
    float factor = scale[blockIdx.x % channels];
    long long start = (long long)blockIdx.x * area;
    for (unsigned i = first_in_row(); i < area; i += step_in_row()) {
        dx[start + i] = factor * dy[start + i];
    }
}

// Limits each element.
extern "C" __global__ void clamp_forward(const float *x, float *y, float minimum, float maximum, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        y[i] = x[i] < minimum ? minimum : x[i] > maximum ? maximum : x[i];
    }
}

// Lets a gradient through inside the range, and outside of it if it leads back inside (`clamp.rs`).
extern "C" __global__ void clamp_backward(const float *x, const float *dy, float *dx, float minimum, float maximum,
                                          long long count) {
    long long i = element_of_thread();
    if (i < count) {
        float excess = x[i] < minimum ? x[i] - minimum : x[i] > maximum ? x[i] - maximum : x[i] - x[i];
        dx[i] = dy[i] * excess >= 0.0f ? dy[i] : 0.0f;
    }
}
