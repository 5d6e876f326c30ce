// Sums and constants, element by element. One thread an element.
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

// values [rows, columns]: each row becomes `row` [columns].
extern "C" __global__ void fill_rows(float *values, const float *row, int columns, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        values[i] = row[i % columns];
    }
}

// values [batch, channels, area]: each channel becomes its number of `channel_values` [channels].
extern "C" __global__ void fill_channels(float *values, const float *channel_values, int channels, int area,
                                         long long count) {
    long long i = element_of_thread();
    if (i < count) {
        values[i] = channel_values[i / area % channels];
    }
}
