// Between pictures and tokens, for the vision transformer (Dosovitskiy et al., 2021) and CLIP's attention pool (Radford
// et al., 2021). One thread an element.
#include "common.cuh"

// Where an element of the tokens [batch, squares, channels * side * side] lies in [batch, channels, height, width].
__device__ inline long long place_in_picture(long long i, int side, int channels, int height, int width) {
    int x = i % side;
    long long rest = i / side;
    int y = rest % side;
    rest /= side;
    int channel = rest % channels;
    rest /= channels;
    int columns = width / side, rows = height / side;
    int column = rest % columns;
    rest /= columns;
    int row = rest % rows;
    long long picture = rest / rows;
    return ((picture * channels + channel) * height + row * side + y) * width + column * side + x;
}

extern "C" __global__ void patches_forward(const float *picture, float *tokens, int side, int channels, int height,
                                           int width, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        tokens[i] = picture[place_in_picture(i, side, channels, height, width)];
    }
}

// Each pixel stands in one square.
extern "C" __global__ void patches_backward(const float *tokens, float *picture, int side, int channels, int height,
                                            int width, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        picture[place_in_picture(i, side, channels, height, width)] = tokens[i];
    }
}

// x: [batch, tokens - 1, width]; class_token: [width]; positions: [tokens, width]; y: [batch, tokens, width]
extern "C" __global__ void class_token_forward(const float *x, const float *class_token, const float *positions,
                                               float *y, int tokens, int width, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int channel = i % width;
    long long rest = i / width;
    int token = rest % tokens;
    long long picture = rest / tokens;
    float value = token == 0 ? class_token[channel] : x[(picture * (tokens - 1) + token - 1) * width + channel];
    y[i] = positions[token * width + channel] + value;
}

// dx: [batch, tokens - 1, width], a thread each
extern "C" __global__ void class_token_backward(const float *dy, float *dx, int tokens, int width, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        long long picture = i / ((long long)(tokens - 1) * width);
        dx[i] = dy[i + (picture + 1) * width];
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

// dx: [batch, channels, area], a thread each
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

// x: [batch, tokens, width]; y: [batch, width], a thread each
extern "C" __global__ void first_token_forward(const float *x, float *y, int tokens, int width, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        y[i] = x[i / width * tokens * width + i % width];
    }
}

// dx: [batch, tokens, width], a thread each
extern "C" __global__ void first_token_backward(const float *dy, float *dx, int tokens, int width, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        long long rest = i / width;
        dx[i] = rest % tokens == 0 ? dy[rest / tokens * width + i % width] : 0.0f;
    }
}
