// The softmax of a row of scores and its backward pass, by a warp. All warps of a block must run it together; rows that
// are not `is_own` stay unchanged. With P the probabilities and dP their gradients, the gradients of the scores are dS
// = P (dP - rowsum(P dP)).
#pragma once
#include "common.cuh"

// row: [tokens], of which the first `seen` are seen; the others become 0.
__device__ inline void softmax_of_row(float *row, int seen, int tokens, bool is_own) {
    int lane = threadIdx.x % WARP;
    float largest = -INFINITY;
    for (int i = lane; is_own && i < seen; i += WARP) {
        largest = fmaxf(largest, row[i]);
    }
    largest = maximum_of_warp(largest);
    float total = 0.0f;
    for (int i = lane; is_own && i < seen; i += WARP) {
        row[i] = expf(row[i] - largest);
        total += row[i];
    }
    float inverse = 1.0f / sum_of_warp(total);
    for (int i = lane; is_own && i < tokens; i += WARP) {
        row[i] = i < seen ? row[i] * inverse : 0.0f;
    }
}

// slope: dP, which becomes dS; both [tokens].
__device__ inline void softmax_of_row_backward(const float *probability, float *slope, int tokens, bool is_own) {
    int lane = threadIdx.x % WARP;
    float total = 0.0f;
    for (int i = lane; is_own && i < tokens; i += WARP) {
        total += probability[i] * slope[i];
    }
    total = sum_of_warp(total);
    for (int i = lane; is_own && i < tokens; i += WARP) {
        slope[i] = probability[i] * (slope[i] - total);
    }
}
