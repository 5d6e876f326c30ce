// Half the square of the angle between features [batch, length] and unit vectors [targets, length] (`judge/distance.rs`
// has the formula and its source), in double precision.
#include "common.cuh"

__device__ inline double norm_of(const float *feature, int length, double *shared) {
    double total = 0.0;
    for (int i = threadIdx.x; i < length; i += THREADS) {
        total += (double)feature[i] * feature[i];
    }
    return sqrt(sum_of_block(total, shared));
}

__device__ inline double angle_between(const float *feature, double norm, const float *unit, int length,
                                       double *shared) {
    double apart = 0.0, together = 0.0;
    for (int i = threadIdx.x; i < length; i += THREADS) {
        double a = feature[i] / norm, b = unit[i];
        apart += (a - b) * (a - b);
        together += (a + b) * (a + b);
    }
    apart = sum_of_block(apart, shared);
    together = sum_of_block(together, shared);
    return 2.0 * atan2(sqrt(apart), sqrt(together));
}

// distances: [batch, targets]; grid [targets, batch]
extern "C" __global__ void spherical_distance_forward(const float *features, const float *units, float *distances,
                                                      int length) {
    __shared__ double shared[WARPS];
    const float *feature = features + (long long)blockIdx.y * length;
    double norm = norm_of(feature, length, shared);
    double angle = angle_between(feature, norm, units + (long long)blockIdx.x * length, length, shared);
    if (threadIdx.x == 0) {
        distances[(long long)blockIdx.y * gridDim.x + blockIdx.x] = (float)(angle * angle / 2.0);
    }
}

// gradients: [batch, targets]; dx: [batch, length]; grid [batch]
extern "C" __global__ void spherical_distance_backward(const float *features, const float *units,
                                                       const float *gradients, float *dx, int targets, int length) {
    __shared__ double shared[WARPS];
    const float *feature = features + (long long)blockIdx.x * length;
    float *own = dx + (long long)blockIdx.x * length;
    double norm = norm_of(feature, length, shared);
    for (int target = 0; target < targets; target++) {
        const float *unit = units + (long long)target * length;
        double angle = angle_between(feature, norm, unit, length, shared);
        double sine = sin(angle), cosine = cos(angle);
        double slope = sine > 1e-6 ? angle / sine : cosine > 0.0 ? 1.0 : 0.0;
        double factor = -(double)gradients[(long long)blockIdx.x * targets + target] * slope / norm;
        for (int i = threadIdx.x; i < length; i += THREADS) {
            double before = target == 0 ? 0.0 : own[i];
            own[i] = (float)(before + factor * (unit[i] - cosine * feature[i] / norm));
        }
    }
}
