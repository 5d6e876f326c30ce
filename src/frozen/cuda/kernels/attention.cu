// The parts of attention (Vaswani et al., 2017) around its products: heads are separated and joined, and the softmax of
// the scores is computed.
#include "softmax.cuh"

// The place in the packed tensor of an element of a head's token: [batch, tokens, parts, heads, head_width], or
// [batch, parts, heads, head_width, tokens] with channels first. A row of the grid is a head of [parts, batch, heads].
__device__ inline long long place_in_packed(unsigned element, int parts, int batch, int tokens, int heads,
                                            int head_width, int channels_first) {
    int head = blockIdx.x % heads, picture = blockIdx.x / heads % batch, part = blockIdx.x / heads / batch;
    int token = element / head_width, channel = element % head_width;
    if (channels_first) {
        return ((((long long)picture * parts + part) * heads + head) * head_width + channel) * tokens + token;
    }
    return ((((long long)picture * tokens + token) * parts + part) * heads + head) * head_width + channel;
}

// From packed to separate, [parts, batch, heads, tokens, head_width]; grid [parts * batch * heads, blocks of a head].
extern "C" __global__ void heads_apart(const float *packed, float *apart, int parts, int batch, int tokens, int heads,
                                       int head_width, int channels_first) {
    unsigned size = (unsigned)tokens * head_width;
    for (unsigned i = first_in_row(); i < size; i += step_in_row()) {
        apart[(long long)blockIdx.x * size + i] =
            packed[place_in_packed(i, parts, batch, tokens, heads, head_width, channels_first)];
    }
}

// From separate to packed.
extern "C" __global__ void heads_together(const float *apart, float *packed, int parts, int batch, int tokens,
                                          int heads, int head_width, int channels_first) {
    unsigned size = (unsigned)tokens * head_width;
    for (unsigned i = first_in_row(); i < size; i += step_in_row()) {
        packed[place_in_packed(i, parts, batch, tokens, heads, head_width, channels_first)] =
            apart[(long long)blockIdx.x * size + i];
    }
}

// The row of a warp; if there is none, the last row, with `is_own` false.
__device__ inline int row_of_warp(int rows, bool *is_own) {
    long long row = (long long)blockIdx.x * WARPS + threadIdx.x / WARP;
    *is_own = row < rows;
    return *is_own ? (int)row : rows - 1;
}

// scores: [rows, tokens], whose rows are each matrix's queries from `first` on; in place. With `causal`, a query sees
// the tokens up to itself. One warp per row, grid [rows / WARPS].
extern "C" __global__ void attention_softmax(float *scores, int rows, int tokens, int queries, int first, int causal) {
    bool is_own;
    int row = row_of_warp(rows, &is_own);
    softmax_of_row(scores + (long long)row * tokens, causal ? first + row % queries + 1 : tokens, tokens, is_own);
}

// slopes: dP, which becomes dS; both [rows, tokens]; grid [rows / WARPS].
extern "C" __global__ void attention_softmax_backward(const float *probabilities, float *slopes, int rows, int tokens) {
    bool is_own;
    long long start = (long long)row_of_warp(rows, &is_own) * tokens;
    softmax_of_row_backward(probabilities + start, slopes + start, tokens, is_own);
}
