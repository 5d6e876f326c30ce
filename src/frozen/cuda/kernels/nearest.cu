// Finds the vector nearest to each position of a picture [length, positions], and writes the picture of these vectors:
// those with the largest z·e − ‖e‖² / 2, and of equals the first, like on the host.
#include "common.cuh"

// products: [rows, count], z·e of the positions from `first` on, one block each; half_norms: [count]; vectors: [count,
// length]; nearest: [length, positions]
extern "C" __global__ void nearest_vector(const float *products, const float *half_norms, const float *vectors,
                                          float *nearest, int count, int length, long long first,
                                          long long positions) {
    __shared__ float closeness[THREADS];
    __shared__ int indices[THREADS];
    const float *row = products + (long long)blockIdx.x * count;
    // NaN is never larger: then the first vector is taken.
    float best = -INFINITY;
    int index = 0;
    for (int i = threadIdx.x; i < count; i += THREADS) {
        float value = row[i] - half_norms[i];
        if (value > best) {
            best = value;
            index = i;
        }
    }
    index = place_of_largest_in_block(best, index, closeness, indices);
    const float *vector = vectors + (long long)index * length;
    for (int i = threadIdx.x; i < length; i += THREADS) {
        nearest[i * positions + first + blockIdx.x] = vector[i];
    }
}
