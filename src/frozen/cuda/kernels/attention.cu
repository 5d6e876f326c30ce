// What lies around attention's products (Vaswani et al., 2017): heads taken apart and put together, and the softmax of
// the scores. With P the probabilities and dP their gradients, those of the scores are dS = P (dP - rowsum(P dP)).
#include "common.cuh"

// Where an element of [parts, batch, heads, tokens, head_width] lies in the packed tensor: [batch, tokens, parts,
// heads, head_width], or [batch, parts, heads, head_width, tokens] with channels first.
__device__ inline long long place_in_packed(long long i, int parts, int batch, int tokens, int heads, int head_width,
                                            int channels_first) {
    int channel = i % head_width;
    i /= head_width;
    int token = i % tokens;
    i /= tokens;
    int head = i % heads;
    i /= heads;
    int picture = i % batch;
    int part = i / batch;
    if (channels_first) {
        return ((((long long)picture * parts + part) * heads + head) * head_width + channel) * tokens + token;
    }
    return ((((long long)picture * tokens + token) * parts + part) * heads + head) * head_width + channel;
}

// From packed to apart, [count] elements, a thread each.
extern "C" __global__ void heads_apart(const float *packed, float *apart, int parts, int batch, int tokens, int heads,
                                       int head_width, int channels_first, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        apart[i] = packed[place_in_packed(i, parts, batch, tokens, heads, head_width, channels_first)];
    }
}

// From apart to packed.
extern "C" __global__ void heads_together(const float *apart, float *packed, int parts, int batch, int tokens,
                                          int heads, int head_width, int channels_first, long long count) {
    long long i = element_of_thread();
    if (i < count) {
        packed[place_in_packed(i, parts, batch, tokens, heads, head_width, channels_first)] = apart[i];
    }
}

// scores: [matrices, queries, tokens], of the queries from `first` on; in place. With `causal` a query sees the tokens
// as far as itself. A block a row, grid [matrices * queries].
extern "C" __global__ void attention_softmax(float *scores, int tokens, int queries, int first, int causal) {
    __shared__ float shared[THREADS];
    float *row = scores + (long long)blockIdx.x * tokens;
    int seen = causal ? first + (int)(blockIdx.x % queries) + 1 : tokens;
    float largest = -INFINITY;
    for (int i = threadIdx.x; i < seen; i += THREADS) {
        largest = fmaxf(largest, row[i]);
    }
    largest = maximum_of_block(largest, shared);
    float total = 0.0f;
    for (int i = threadIdx.x; i < seen; i += THREADS) {
        row[i] = expf(row[i] - largest);
        total += row[i];
    }
    float inverse = 1.0f / sum_of_block(total, shared);
    for (int i = threadIdx.x; i < tokens; i += THREADS) {
        row[i] = i < seen ? row[i] * inverse : 0.0f;
    }
}

// slopes: dP, which becomes dS; both [rows, tokens]; grid [rows].
extern "C" __global__ void attention_softmax_backward(const float *probabilities, float *slopes, int tokens) {
    __shared__ float shared[THREADS];
    const float *probability = probabilities + (long long)blockIdx.x * tokens;
    float *slope = slopes + (long long)blockIdx.x * tokens;
    float total = 0.0f;
    for (int i = threadIdx.x; i < tokens; i += THREADS) {
        total += probability[i] * slope[i];
    }
    total = sum_of_block(total, shared);
    for (int i = threadIdx.x; i < tokens; i += THREADS) {
        slope[i] = probability[i] * (slope[i] - total);
    }
}
