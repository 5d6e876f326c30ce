// Leaky rectifiers and pixel shuffles, the layers of upscalers, for pictures [batch, channels, height, width].
#include "common.cuh"

// y = x above 0, else slope x; slopes: [channels]; grid [batch * channels, blocks of area]
extern "C" __global__ void leaky_forward(const float *x, const float *slopes, float *y, int channels, unsigned area) {
    float slope = slopes[blockIdx.x % channels];
    long long start = (long long)blockIdx.x * area;
    for (unsigned i = first_in_row(); i < area; i += step_in_row()) {
        float value = x[start + i];
        y[start + i] = value > 0.0f ? value : slope * value;
    }
}

// dx may be dy.
extern "C" __global__ void leaky_backward(const float *x, const float *dy, const float *slopes, float *dx,
                                          int channels, unsigned area) {
    float slope = slopes[blockIdx.x % channels];
    long long start = (long long)blockIdx.x * area;
    for (unsigned i = first_in_row(); i < area; i += step_in_row()) {
        dx[start + i] = x[start + i] > 0.0f ? dy[start + i] : slope * dy[start + i];
    }
}

// x [planes * side^2, height, width] to y [planes, side * height, side * width], one thread per element of y.
extern "C" __global__ void shuffle(const float *x, float *y, int side, int height, int width, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    long long row = i / ((long long)side * width);
    int column = (int)(i % ((long long)side * width));
    long long plane = row / ((long long)side * height);
    int line = (int)(row % ((long long)side * height));
    long long channel = plane * side * side + line % side * side + column % side;
    y[i] = x[(channel * height + line / side) * width + column / side];
}

// y [planes, side * height, side * width] to x [planes * side^2, height, width], one thread per element of x.
extern "C" __global__ void unshuffle(const float *y, float *x, int side, int height, int width, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int column = (int)(i % width);
    long long row = i / width;
    int line = (int)(row % height);
    long long channel = row / height;
    int place = (int)(channel % (side * side));
    long long plane = channel / (side * side);
    long long at = (plane * side * height + (long long)line * side + place / side) * side * width;
    x[i] = y[at + (long long)column * side + place % side];
}
