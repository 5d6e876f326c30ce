// What lies around attention's products (Vaswani et al., 2017): heads taken apart and put together, and the softmax of
// the scores. With P the probabilities and dP their gradients, those of the scores are dS = P (dP - rowsum(P dP)).
#include "common.cuh"

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
    int number = row_of_warp(rows, &is_own);
    float *row = scores + (long long)number * tokens;
    int lane = threadIdx.x % WARP, seen = causal ? first + number % queries + 1 : tokens;
    float largest = -INFINITY;
    for (int i = lane; i < seen; i += WARP) {
        largest = fmaxf(largest, row[i]);
    }
    largest = maximum_of_warp(largest);
    float total = 0.0f;
    for (int i = lane; i < seen; i += WARP) {
        total += expf(row[i] - largest);
    }
    float inverse = 1.0f / sum_of_warp(total);
    for (int i = lane; is_own && i < tokens; i += WARP) {
        row[i] = i < seen ? expf(row[i] - largest) * inverse : 0.0f;
    }
}

// slopes: dP, which becomes dS; both [rows, tokens]; grid [rows / WARPS].
extern "C" __global__ void attention_softmax_backward(const float *probabilities, float *slopes, int rows, int tokens) {
    bool is_own;
    int number = row_of_warp(rows, &is_own);
    const float *probability = probabilities + (long long)number * tokens;
    float *slope = slopes + (long long)number * tokens;
    int lane = threadIdx.x % WARP;
    float total = 0.0f;
    for (int i = lane; i < tokens; i += WARP) {
        total += probability[i] * slope[i];
    }
    total = sum_of_warp(total);
    for (int i = lane; is_own && i < tokens; i += WARP) {
        slope[i] = probability[i] * (slope[i] - total);
    }
}
