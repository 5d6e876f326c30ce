// Sums and constants, element by element. One thread per element, unless noted otherwise.
#include "common.cuh"

// total += term; [count]
extern "C" __global__ void add(float *total, const float *term, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        total[i] += term[i];
    }
}

// values = value; [count]
extern "C" __global__ void fill(float *values, float value, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        values[i] = value;
    }
}

// values [rows, columns]: each row becomes `row` [columns]; grid [rows, blocks of columns].
extern "C" __global__ void fill_rows(float *values, const float *row, unsigned columns) {
    for (unsigned i = first_in_row(); i < columns; i += step_in_row()) {
        values[(long long)blockIdx.x * columns + i] = row[i];
    }
}

// values [batch, channels, area]: each channel is filled with its number in `channel_values` [channels]; grid [batch *
// channels, blocks of area].
extern "C" __global__ void fill_channels(float *values, const float *channel_values, int channels, unsigned area) {
    float value = channel_values[blockIdx.x % channels];
    for (unsigned i = first_in_row(); i < area; i += step_in_row()) {
        values[(long long)blockIdx.x * area + i] = value;
    }
}
