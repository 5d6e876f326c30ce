// What lies around attention's products (Vaswani et al., 2017): heads taken apart and put together, and the softmax of
// the scores.
#include "softmax.cuh"

// Where an element of a token of a head lies in the packed tensor, [batch, tokens, parts, heads, head_width], or
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

// From packed to apart, [parts, batch, heads, tokens, head_width]; grid [parts * batch * heads, blocks of a head].
extern "C" __global__ void heads_apart(const float *packed, float *apart, int parts, int batch, int tokens, int heads,
                                       int head_width, int channels_first) {
    unsigned size = (unsigned)tokens * head_width;
    for (unsigned i = first_in_row(); i < size; i += step_in_row()) {
        apart[(long long)blockIdx.x * size + i] =
            packed[place_in_packed(i, parts, batch, tokens, heads, head_width, channels_first)];
    }
}

// From apart to packed.
extern "C" __global__ void heads_together(const float *apart, float *packed, int parts, int batch, int tokens,
                                          int heads, int head_width, int channels_first) {
    unsigned size = (unsigned)tokens * head_width;
    for (unsigned i = first_in_row(); i < size; i += step_in_row()) {
        packed[place_in_packed(i, parts, batch, tokens, heads, head_width, channels_first)] =
            apart[(long long)blockIdx.x * size + i];
    }
}

// The row that a warp is for; where there is none, the last, and `is_own` is false.
__device__ inline int row_of_warp(int rows, bool *is_own) {
    long long row = (long long)blockIdx.x * WARPS + threadIdx.x / WARP;
    *is_own = row < rows;
    return *is_own ? (int)row : rows - 1;
}

// scores: [rows, tokens], rows of each matrix the queries from `first` on; in place. With `causal` a query sees the
// tokens as far as itself. A warp a row, grid [rows / WARPS].
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
