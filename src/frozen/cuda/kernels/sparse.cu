// A sparse matrix times each channel: output [channels, rows] from input [channels, columns]. Row r sums the shares
// from starts[r] to starts[r + 1], times the input at their places. Grid [channels, blocks of rows].
#include "common.cuh"

extern "C" __global__ void sparse_rows(const float *input, const int *starts, const int *places, const float *shares,
                                       float *output, unsigned rows, int columns) {
    const float *values = input + (long long)blockIdx.x * columns;
    for (unsigned row = first_in_row(); row < rows; row += step_in_row()) {
        float total = 0.0f;
        for (int entry = starts[row]; entry < starts[row + 1]; entry++) {
            total += shares[entry] * values[places[entry]];
        }
        output[(long long)blockIdx.x * rows + row] = total;
    }
}
