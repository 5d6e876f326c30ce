// Attention (Vaswani et al., 2017) over few tokens, which fit into a block's shared memory, in one kernel each way: S =
// Q Kᵀ / √d, P = softmax(S), O = P V; backwards dV = Pᵀ dO, dP = dO Vᵀ, dS = P (dP − rowsum(P dP)), dQ = dS K / √d and
// dK = dSᵀ Q / √d. Products are always in plain f32.
//
// packed, dx: [batch, tokens, 3, heads, width]; output, dy: [batch, queries, heads, width]; one block per head, grid
// [heads, batch]; at most TOKENS tokens and a width of at most WIDTH.
#include "softmax.cuh"

#define TOKENS 50
#define WIDTH 64
// A block's threads form a square, and each computes a few rows and columns of a product, one side of the square apart.
#define SIDE 16
#define EACH 4

// Rows [TOKENS, WIDTH] and scores [TOKENS, TOKENS], padded by one number, so that a column's numbers lie in different
// banks.
typedef float Rows[TOKENS][WIDTH + 1];
typedef float Scores[TOKENS][TOKENS + 1];

// One head's part of a tensor in global memory: `count` rows of `width`, `step` numbers apart.
struct Head {
    long long start, step;
    int count, width;
};

// Queries (0), keys or values of the block's head.
__device__ inline Head part_of_packed(int part, int tokens, int width) {
    long long heads = gridDim.x, step = 3 * heads * width;
    return {(long long)blockIdx.y * tokens * step + (part * heads + blockIdx.x) * width, step, tokens, width};
}

__device__ inline Head head_of_output(int queries, int width) {
    long long step = (long long)gridDim.x * width;
    return {(long long)blockIdx.y * queries * step + (long long)blockIdx.x * width, step, queries, width};
}

__device__ inline void load(const float *from, Head head, Rows to) {
    for (int i = threadIdx.x; i < head.count * head.width; i += THREADS) {
        int row = i / head.width, column = i % head.width;
        to[row][column] = from[head.start + row * head.step + column];
    }
}

// Calls store(row, column, sum over k of left(row, k) right(column, k)).
template <typename Left, typename Right, typename Store>
__device__ inline void multiply(int rows, int columns, int depth, Left left, Right right, Store store) {
    int row = threadIdx.x / SIDE, column = threadIdx.x % SIDE;
    int own_rows[EACH], own_columns[EACH];
    for (int i = 0; i < EACH; i++) {
        // Elements outside are computed from existing rows, and not stored.
        own_rows[i] = row + i * SIDE < rows ? row + i * SIDE : rows - 1;
        own_columns[i] = column + i * SIDE < columns ? column + i * SIDE : columns - 1;
    }
    float sums[EACH][EACH] = {};
    for (int k = 0; k < depth; k++) {
        float of_rows[EACH], of_columns[EACH];
        for (int i = 0; i < EACH; i++) {
            of_rows[i] = left(own_rows[i], k);
            of_columns[i] = right(own_columns[i], k);
        }
        for (int i = 0; i < EACH; i++) {
            for (int j = 0; j < EACH; j++) {
                sums[i][j] += of_rows[i] * of_columns[j];
            }
        }
    }
    for (int i = 0; i < EACH; i++) {
        for (int j = 0; j < EACH; j++) {
            if (row + i * SIDE < rows && column + j * SIDE < columns) {
                store(row + i * SIDE, column + j * SIDE, sums[i][j]);
            }
        }
    }
}

// P of all queries, from the loaded queries and keys; with `causal`, a query sees the tokens up to itself.
__device__ inline void find_probabilities(const Rows queries_rows, const Rows keys, Scores scores, int queries,
                                          int tokens, int width, float scale, int causal) {
    multiply(
        queries, tokens, width, [&](int query, int k) { return queries_rows[query][k]; },
        [&](int token, int k) { return keys[token][k]; },
        [&](int query, int token, float sum) { scores[query][token] = scale * sum; });
    __syncthreads();
    for (int first = 0; first < queries; first += WARPS) {
        int query = first + threadIdx.x / WARP;
        bool is_own = query < queries;
        softmax_of_row(scores[is_own ? query : 0], causal ? query + 1 : tokens, tokens, is_own);
    }
    __syncthreads();
}

extern "C" __global__ void short_attention_forward(const float *packed, float *output, int queries, int tokens,
                                                   int width, float scale, int causal) {
    __shared__ Rows first, second;
    __shared__ Scores scores;
    load(packed, part_of_packed(0, tokens, width), first);
    load(packed, part_of_packed(1, tokens, width), second);
    __syncthreads();
    find_probabilities(first, second, scores, queries, tokens, width, scale, causal);
    load(packed, part_of_packed(2, tokens, width), first);
    __syncthreads();
    Head target = head_of_output(queries, width);
    multiply(
        queries, width, tokens, [&](int query, int token) { return scores[query][token]; },
        [&](int channel, int token) { return first[token][channel]; },
        [&](int query, int channel, float sum) { output[target.start + query * target.step + channel] = sum; });
}

extern "C" __global__ void short_attention_backward(const float *packed, const float *dy, float *dx, int queries,
                                                    int tokens, int width, float scale, int causal) {
    __shared__ Rows first, second;
    __shared__ Scores scores, slopes;
    load(packed, part_of_packed(0, tokens, width), first);
    load(packed, part_of_packed(1, tokens, width), second);
    __syncthreads();
    find_probabilities(first, second, scores, queries, tokens, width, scale, causal);

    load(dy, head_of_output(queries, width), first);
    load(packed, part_of_packed(2, tokens, width), second);
    __syncthreads();
    Head of_queries = part_of_packed(0, tokens, width), of_keys = part_of_packed(1, tokens, width);
    Head of_values = part_of_packed(2, tokens, width);
    multiply(
        tokens, width, queries, [&](int token, int query) { return scores[query][token]; },
        [&](int channel, int query) { return first[query][channel]; },
        [&](int token, int channel, float sum) { dx[of_values.start + token * of_values.step + channel] = sum; });
    multiply(
        queries, tokens, width, [&](int query, int k) { return first[query][k]; },
        [&](int token, int k) { return second[token][k]; },
        [&](int query, int token, float sum) { slopes[query][token] = sum; });
    __syncthreads();

    for (int start = 0; start < queries; start += WARPS) {
        int query = start + threadIdx.x / WARP;
        bool is_own = query < queries;
        softmax_of_row_backward(scores[is_own ? query : 0], slopes[is_own ? query : 0], tokens, is_own);
    }
    load(packed, of_queries, first);
    load(packed, of_keys, second);
    __syncthreads();
    // Unused queries have no gradient.
    multiply(
        tokens, width, tokens, [&](int query, int token) { return query < queries ? slopes[query][token] : 0.0f; },
        [&](int channel, int token) { return second[token][channel]; },
        [&](int query, int channel, float sum) {
            dx[of_queries.start + query * of_queries.step + channel] = scale * sum;
        });
    multiply(
        tokens, width, queries, [&](int token, int query) { return slopes[query][token]; },
        [&](int channel, int query) { return first[query][channel]; },
        [&](int token, int channel, float sum) { dx[of_keys.start + token * of_keys.step + channel] = scale * sum; });
}
