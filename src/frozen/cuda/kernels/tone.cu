// From waves to colors (`tone.rs`): sigmoid(matrix * waves * factor), where the factor may be what gives the waves of all
// three channels together a deviation. Waves and pictures are [3, area].
#include "common.cuh"
#include "functions.cuh"

// Where the numbers of `scaled` are: the factor, the mean of the waves, the inverse of their variance, and the matrix
// times the factor [3, 3].
#define FACTOR 0
#define MEAN 1
#define INVERSE_VARIANCE 2
#define MATRIX 3
// Waves with a smaller deviation count as if they had it.
#define LEAST_DEVIATION 1e-6

// The sum and the sum of squares of the numbers of each block: partial [blocks, 2].
extern "C" __global__ void tone_moments(const float *waves, double *partial, long long count) {
    __shared__ double shared[WARPS];
    double total = 0.0, squares = 0.0;
    for (long long i = element_of_thread(); i < count; i += (long long)gridDim.x * THREADS) {
        double wave = waves[i];
        total += wave;
        squares += wave * wave;
    }
    total = sum_of_block(total, shared);
    squares = sum_of_block(squares, shared);
    if (threadIdx.x == 0) {
        partial[2 * blockIdx.x] = total;
        partial[2 * blockIdx.x + 1] = squares;
    }
}

// Sets `scaled` from partial [blocks, 2], or with 0 blocks for a fixed factor. constants: the matrix [3, 3], then the
// factor, or the deviation that the waves are to have. One thread.
extern "C" __global__ void tone_scale(const double *constants, const double *partial, float *scaled, int blocks,
                                      long long count) {
    if (threadIdx.x != 0) {
        return;
    }
    double factor = constants[9], mean = 0.0, variance = 1.0;
    if (blocks > 0) {
        double total = 0.0, squares = 0.0;
        for (int block = 0; block < blocks; block++) {
            total += partial[2 * block];
            squares += partial[2 * block + 1];
        }
        mean = total / count;
        variance = squares / count - mean * mean;
        variance = variance > LEAST_DEVIATION * LEAST_DEVIATION ? variance : LEAST_DEVIATION * LEAST_DEVIATION;
        factor = factor / sqrt(variance);
    }
    scaled[FACTOR] = (float)factor;
    scaled[MEAN] = (float)mean;
    scaled[INVERSE_VARIANCE] = (float)(1.0 / variance);
    for (int i = 0; i < 9; i++) {
        scaled[MATRIX + i] = (float)(constants[i] * factor);
    }
}

// A color of a pixel.
__device__ inline float toned(const float *scaled, const float *waves, long long pixel, long long area, int color) {
    const float *row = scaled + MATRIX + 3 * color;
    return sigmoid(row[0] * waves[pixel] + row[1] * waves[area + pixel] + row[2] * waves[2 * area + pixel]);
}

// One thread per pixel.
extern "C" __global__ void tone_forward(const float *waves, const float *scaled, float *picture, long long area) {
    long long pixel = element_of_thread();
    if (pixel >= area) {
        return;
    }
    for (int color = 0; color < 3; color++) {
        picture[color * area + pixel] = toned(scaled, waves, pixel, area, color);
    }
}

// The gradient of the waves for a fixed factor, and for each block the sum of its products with the waves: along
// [blocks]. One thread per pixel.
extern "C" __global__ void tone_backward(const float *waves, const float *scaled, const float *of_picture, float *of_waves,
                                         double *along, long long area) {
    __shared__ double shared[WARPS];
    long long pixel = element_of_thread();
    double total = 0.0;
    if (pixel < area) {
        float slopes[3];
        for (int color = 0; color < 3; color++) {
            float value = toned(scaled, waves, pixel, area, color);
            slopes[color] = of_picture[color * area + pixel] * value * (1.0f - value);
        }
        for (int channel = 0; channel < 3; channel++) {
            const float *column = scaled + MATRIX + channel;
            float moved = column[0] * slopes[0] + column[3] * slopes[1] + column[6] * slopes[2];
            of_waves[channel * area + pixel] = moved;
            total += (double)(moved * waves[channel * area + pixel]);
        }
    }
    total = sum_of_block(total, shared);
    if (threadIdx.x == 0) {
        along[blockIdx.x] = total;
    }
}

// The sum of `along` [parts] times the inverse variance, by the number of waves: slope [1]. One block.
extern "C" __global__ void tone_slope(const double *along, const float *scaled, float *slope, long long parts,
                                      long long count) {
    __shared__ double shared[WARPS];
    double total = 0.0;
    for (long long part = threadIdx.x; part < parts; part += THREADS) {
        total += along[part];
    }
    total = sum_of_block(total, shared);
    if (threadIdx.x == 0) {
        slope[0] = (float)(total / count * scaled[INVERSE_VARIANCE]);
    }
}

// What the factor adds to the gradient, for it depends on the waves. One thread per wave.
extern "C" __global__ void tone_center(const float *waves, const float *scaled, const float *slope, float *of_waves,
                                       long long count) {
    long long i = element_of_thread();
    if (i < count) {
        of_waves[i] -= (waves[i] - scaled[MEAN]) * slope[0];
    }
}
