// Sampling a picture [channels, height, width] through 3x3 matrices (Jaderberg et al., Spatial transformer networks,
// 2015) into [views, channels, output_height, output_width], like `warp.rs`: averages of `taps` x `taps` bilinear
// samples. One thread per pixel of a view; places in the picture are computed in double precision.
//
// Backwards, many pixels add to the same one. They add integers, so that the order does not matter: each share is
// rounded to a fixed-point number, scaled by the largest gradient so that no sum can overflow.
#include "common.cuh"

// Channels that a thread sums together.
#define CHANNELS 4
// Positions this close to a pixel's center count as on it, so that the identity copies its bits.
#define ON_PIXEL 1e-6

// Written by `layers/warp.rs`.
struct View {
    double matrix[9];
    double taps;
    // 0: a value, 1: the edge, 2: the mirrored picture
    double border;
    double fill;
};

// The four neighbors of a sampled point.
struct Neighbours {
    long long places[4];
    float weights[4];
    float outside;
};

// The pixel before a coordinate, and the weight of the pixel after it.
__device__ inline void locate(double coordinate, int length, int border, int *before, float *after) {
    double size = length;
    double position = ((coordinate + 1.0) * size - 1.0) / 2.0;
    if (!isfinite(position)) {
        position = -2.0; // on the horizon: outside
    }
    if (border == 0) {
        position = fmin(fmax(position, -2.0), size + 1.0);
    } else {
        if (border == 2) {
            double period = 2.0 * size;
            double folded = fmod(position + 0.5, period);
            folded = folded < 0.0 ? folded + period : folded;
            folded = folded > size ? period - folded : folded;
            position = folded - 0.5;
        }
        position = fmin(fmax(position, 0.0), size - 1.0);
    }
    int whole = (int)floor(position);
    double share = position - whole;
    if (share > 1.0 - ON_PIXEL) {
        whole += 1;
        share = 0.0;
    } else if (share < ON_PIXEL) {
        share = 0.0;
    }
    *before = whole;
    *after = (float)share;
}

// The coordinate of one sample of an output pixel, from -1 to 1.
__device__ inline double place_of_sample(int pixel, int sample, int taps, int length) {
    return (pixel + (2 * sample + 1) / (2.0 * taps)) / length * 2.0 - 1.0;
}

__device__ inline void neighbours_of(const View *view, double x, double y, int height, int width, Neighbours *found) {
    const double *m = view->matrix;
    double w = m[6] * x + m[7] * y + m[8];
    int left, top;
    float right_share, lower_share;
    locate((m[0] * x + m[1] * y + m[2]) / w, width, (int)view->border, &left, &right_share);
    locate((m[3] * x + m[4] * y + m[5]) / w, height, (int)view->border, &top, &lower_share);
    found->outside = 0.0f;
    for (int corner = 0; corner < 4; corner++) {
        int column = left + corner % 2, row = top + corner / 2;
        float weight =
            (corner % 2 ? right_share : 1.0f - right_share) * (corner / 2 ? lower_share : 1.0f - lower_share);
        bool inside = column >= 0 && column < width && row >= 0 && row < height;
        found->places[corner] = inside ? (long long)row * width + column : 0;
        found->weights[corner] = inside ? weight : 0.0f;
        found->outside += inside ? 0.0f : weight;
    }
}

// A pixel of the block's view, the weight of each of its taps x taps samples, and the place of its first channel in
// [views, channels, pixels].
struct Pixel {
    const View *view;
    int row, column, taps;
    float share;
    long long start;
};

__device__ inline Pixel pixel_at(unsigned pixel, const float *views, unsigned pixels, int channels, int output_width) {
    const View *view = (const View *)views + blockIdx.x;
    int taps = (int)view->taps;
    return {view, (int)(pixel / output_width), (int)(pixel % output_width), taps, 1.0f / (taps * taps),
            (long long)blockIdx.x * channels * pixels + pixel};
}

// Grid [views, blocks of the output's pixels]
extern "C" __global__ void warp_forward(const float *picture, const float *views, float *output, int channels,
                                        int height, int width, int output_height, int output_width) {
    unsigned pixels = (unsigned)output_height * output_width;
    long long plane = (long long)height * width;
    for (unsigned pixel = first_in_row(); pixel < pixels; pixel += step_in_row()) {
        auto [view, row, column, taps, share, start] = pixel_at(pixel, views, pixels, channels, output_width);
        for (int first = 0; first < channels; first += CHANNELS) {
            int some = channels - first < CHANNELS ? channels - first : CHANNELS;
            float totals[CHANNELS] = {0.0f, 0.0f, 0.0f, 0.0f};
            for (int sample = 0; sample < taps * taps; sample++) {
                double x = place_of_sample(column, sample % taps, taps, output_width);
                double y = place_of_sample(row, sample / taps, taps, output_height);
                Neighbours found;
                neighbours_of(view, x, y, height, width, &found);
                for (int channel = 0; channel < some; channel++) {
                    const float *values = picture + (first + channel) * plane;
                    float value = 0.0f;
                    for (int corner = 0; corner < 4; corner++) {
                        value += found.weights[corner] * values[found.places[corner]];
                    }
                    if (found.outside > 0.0f) {
                        value += found.outside * (float)view->fill;
                    }
                    totals[channel] += share * value;
                }
            }
            for (int channel = 0; channel < some; channel++) {
                output[start + (first + channel) * pixels] = totals[channel];
            }
        }
    }
}

// The largest magnitude in each block's part of values [count]: largest [blocks]; infinite if one is not finite.
extern "C" __global__ void warp_largest(const float *values, float *largest, long long count) {
    __shared__ float shared[WARPS];
    float most = 0.0f;
    for (long long i = element_of_thread(); i < count; i += (long long)gridDim.x * THREADS) {
        most = isfinite(values[i]) ? fmaxf(most, fabsf(values[i])) : INFINITY;
    }
    most = maximum_of_block(most, shared);
    if (threadIdx.x == 0) {
        largest[blockIdx.x] = most;
    }
}

// The power of two that scales gradients to integers of `bits` bits; 0 if a gradient is not finite.
__device__ inline double scale_of(const float *largest, int blocks, int bits, float *shared) {
    float most = 0.0f;
    for (int i = threadIdx.x; i < blocks; i += THREADS) {
        most = fmaxf(most, largest[i]);
    }
    most = maximum_of_block(most, shared);
    if (!isfinite(most)) {
        return 0.0;
    }
    int exponent;
    frexp((double)most, &exponent);
    return ldexp(1.0, bits - exponent);
}

// Adds each output pixel's gradient to its neighbors: sums [channels, height, width]. The grid is that of
// `warp_forward`.
extern "C" __global__ void warp_scatter(const float *gradient, const float *views, const float *largest,
                                        unsigned long long *sums, int blocks, int bits, int channels, int height,
                                        int width, int output_height, int output_width) {
    __shared__ float shared[WARPS];
    double scale = scale_of(largest, blocks, bits, shared);
    unsigned pixels = (unsigned)output_height * output_width;
    long long plane = (long long)height * width;
    for (unsigned pixel = first_in_row(); pixel < pixels; pixel += step_in_row()) {
        auto [view, row, column, taps, share, start] = pixel_at(pixel, views, pixels, channels, output_width);
        for (int sample = 0; sample < taps * taps; sample++) {
            double x = place_of_sample(column, sample % taps, taps, output_width);
            double y = place_of_sample(row, sample / taps, taps, output_height);
            Neighbours found;
            neighbours_of(view, x, y, height, width, &found);
            for (int channel = 0; channel < channels; channel++) {
                float slope = share * gradient[start + channel * pixels];
                for (int corner = 0; corner < 4; corner++) {
                    if (found.weights[corner] != 0.0f) {
                        long long part = __double2ll_rn((double)(found.weights[corner] * slope) * scale);
                        atomicAdd(sums + channel * plane + found.places[corner], (unsigned long long)part);
                    }
                }
            }
        }
    }
}

// Converts the sums back to floating point: [count]
extern "C" __global__ void warp_gather(const unsigned long long *sums, const float *largest, float *gradient,
                                       int blocks, int bits, long long count) {
    __shared__ float shared[WARPS];
    double scale = scale_of(largest, blocks, bits, shared);
    long long i = element_of_thread();
    if (i < count) {
        gradient[i] = scale == 0.0 ? NAN : (float)((double)(long long)sums[i] / scale);
    }
}
