// Conversion of pictures to tokens, for the vision transformer (Dosovitskiy et al., 2021) and CLIP's attention pool
// (Radford et al., 2021).
#include "common.cuh"

// The place in [batch, channels, height, width] of an element of a square [channels * side * side]. A row of the grid
// is a square of [batch, rows, columns].
__device__ inline long long place_in_picture(unsigned element, int side, int channels, int height, int width) {
    int columns = width / side, rows = height / side;
    int column = blockIdx.x % columns, row = blockIdx.x / columns % rows;
    long long picture = blockIdx.x / columns / rows;
    int x = element % side, y = element / side % side, channel = element / side / side;
    return ((picture * channels + channel) * height + row * side + y) * width + column * side + x;
}

// tokens: [batch, squares, channels * side * side]; grid [batch * squares, blocks of a square]
extern "C" __global__ void patches_forward(const float *picture, float *tokens, int side, int channels, int height,
                                           int width) {
    unsigned size = (unsigned)channels * side * side;
    for (unsigned i = first_in_row(); i < size; i += step_in_row()) {
        tokens[(long long)blockIdx.x * size + i] = picture[place_in_picture(i, side, channels, height, width)];
    }
}

// Each pixel is in exactly one square.
extern "C" __global__ void patches_backward(const float *tokens, float *picture, int side, int channels, int height,
                                            int width) {
    unsigned size = (unsigned)channels * side * side;
    for (unsigned i = first_in_row(); i < size; i += step_in_row()) {
        picture[place_in_picture(i, side, channels, height, width)] = tokens[(long long)blockIdx.x * size + i];
    }
}

// x: [batch, tokens - 1, width]; class_token: [width]; positions: [tokens, width]; y: [batch, tokens, width]; grid
// [batch * tokens, blocks of width]
extern "C" __global__ void class_token_forward(const float *x, const float *class_token, const float *positions,
                                               float *y, int tokens, unsigned width) {
    int token = blockIdx.x % tokens;
    long long picture = blockIdx.x / tokens;
    const float *values = token == 0 ? class_token : x + (picture * (tokens - 1) + token - 1) * width;
    for (unsigned i = first_in_row(); i < width; i += step_in_row()) {
        y[(long long)blockIdx.x * width + i] = positions[(long long)token * width + i] + values[i];
    }
}

// dx: [batch, tokens - 1, width]; grid [batch * (tokens - 1), blocks of width]
extern "C" __global__ void class_token_backward(const float *dy, float *dx, int tokens, unsigned width) {
    long long row = blockIdx.x + blockIdx.x / (tokens - 1) + 1;
    for (unsigned i = first_in_row(); i < width; i += step_in_row()) {
        dx[(long long)blockIdx.x * width + i] = dy[row * width + i];
    }
}

// x: [batch, channels, area]; positions: [area + 1, channels]; y: [batch, area + 1, channels], the mean first
extern "C" __global__ void mean_token_forward(const float *x, const float *positions, float *y, int channels, int area,
                                              long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int channel = i % channels;
    long long rest = i / channels;
    int token = rest % (area + 1);
    const float *values = x + (rest / (area + 1) * channels + channel) * area;
    float value = 0.0f;
    if (token == 0) {
        for (int pixel = 0; pixel < area; pixel++) {
            value += values[pixel];
        }
        value /= area;
    } else {
        value = values[token - 1];
    }
    y[i] = positions[token * channels + channel] + value;
}

// dx: [batch, channels, area], one thread each
extern "C" __global__ void mean_token_backward(const float *dy, float *dx, int channels, int area, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int pixel = i % area;
    long long rest = i / area;
    const float *slopes = dy + rest / channels * (area + 1) * channels + rest % channels;
    dx[i] = slopes[0] / area + slopes[(long long)(pixel + 1) * channels];
}

// x: [batch, tokens, width]; y: [batch, width], one thread each
extern "C" __global__ void first_token_forward(const float *x, float *y, int tokens, int width, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        y[i] = x[i / width * tokens * width + i % width];
    }
}

// dx: [batch, tokens, width]; grid [batch * tokens, blocks of width]
extern "C" __global__ void first_token_backward(const float *dy, float *dx, int tokens, unsigned width) {
    const float *slopes = dy + (long long)(blockIdx.x / tokens) * width;
    bool is_first = blockIdx.x % tokens == 0;
    for (unsigned i = first_in_row(); i < width; i += step_in_row()) {
        dx[(long long)blockIdx.x * width + i] = is_first ? slopes[i] : 0.0f;
    }
}
