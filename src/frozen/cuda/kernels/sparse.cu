// A sparse matrix times a channel: output [channels, rows] of input [channels, columns]. Row r sums shares times the
// input at their places, from starts[r] to starts[r + 1]. One thread an element of the output.
#include "common.cuh"

extern "C" __global__ void sparse_rows(const float *input, const int *starts, const int *places, const float *shares,
                                       float *output, int rows, int columns, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int row = i % rows;
    const float *values = input + i / rows * columns;
    float total = 0.0f;
    for (int entry = starts[row]; entry < starts[row + 1]; entry++) {
        total += shares[entry] * values[places[entry]];
    }
    output[i] = total;
}
