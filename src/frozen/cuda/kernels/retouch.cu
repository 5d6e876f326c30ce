// Transforms colors, adds noise and erases a rectangle in pictures [batch, 3, height, width], each with its own
// parameters. The noise is that of `retouch.rs`: four uniform numbers cut from a splitmix64 hash (Steele et al., 2014).
// Grid [batch * 3, blocks of height * width].
#include "common.cuh"

// Written by `layers/retouch.rs`.
struct Touch {
    float colours[9];
    float noise;
    unsigned int seed_low, seed_high;
    int left, top, width, height;
    float fill;
    unsigned int padding;
};

__device__ inline float noise_at(const Touch *touch, unsigned long long index) {
    unsigned long long z = (unsigned long long)touch->seed_high << 32 | touch->seed_low;
    z += (index + 1) * 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    z ^= z >> 31;
    unsigned long long sum = (z & 0xFFFF) + (z >> 16 & 0xFFFF) + (z >> 32 & 0xFFFF) + (z >> 48);
    return ((float)sum * (1.0f / 65535.0f) - 2.0f) * 1.7320508f;
}

__device__ inline bool is_erased(const Touch *touch, int pixel, int width) {
    int x = pixel % width - touch->left, y = pixel / width - touch->top;
    return x >= 0 && x < touch->width && y >= 0 && y < touch->height;
}

// The retouching of the block's picture.
__device__ inline const Touch *touch_of_block(const float *touches) {
    return (const Touch *)touches + blockIdx.x / 3;
}

extern "C" __global__ void retouch_forward(const float *x, const float *touches, float *y, int width, unsigned area) {
    const Touch *touch = touch_of_block(touches);
    int channel = blockIdx.x % 3;
    const float *reds = x + (long long)(blockIdx.x / 3) * 3 * area, *row = touch->colours + 3 * channel;
    for (unsigned i = first_in_row(); i < area; i += step_in_row()) {
        const float *red = reds + i;
        float value = row[0] * red[0] + row[1] * red[area] + row[2] * red[2 * (long long)area];
        if (touch->noise > 0.0f) {
            value += touch->noise * noise_at(touch, (unsigned long long)channel * area + i);
        }
        y[(long long)blockIdx.x * area + i] = is_erased(touch, i, width) ? touch->fill : value;
    }
}

extern "C" __global__ void retouch_backward(const float *dy, const float *touches, float *dx, int width,
                                            unsigned area) {
    const Touch *touch = touch_of_block(touches);
    const float *reds = dy + (long long)(blockIdx.x / 3) * 3 * area, *column = touch->colours + blockIdx.x % 3;
    for (unsigned i = first_in_row(); i < area; i += step_in_row()) {
        const float *red = reds + i;
        float value = column[0] * red[0] + column[3] * red[area] + column[6] * red[2 * (long long)area];
        dx[(long long)blockIdx.x * area + i] = is_erased(touch, i, width) ? 0.0f : value;
    }
}
