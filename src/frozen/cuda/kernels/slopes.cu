// How strongly each cutout is drawn to each target, from distances [cutouts, targets] (`judge/slopes.rs` has the rule).
// One thread per distance.
#include "common.cuh"

struct Slope {
    float slope, stop;
};

// targets: one struct Slope each; slopes: [cutouts, targets]; count: cutouts * targets
extern "C" __global__ void slopes(const float *distances, const float *targets, float *slopes, int targets_count,
                                  long long count) {
    long long i = element_of_thread();
    if (i < count) {
        const Slope *target = (const Slope *)targets + i % targets_count;
        float signed_distance = target->slope < 0.0f ? -distances[i] : distances[i];
        slopes[i] = signed_distance >= target->stop ? target->slope : 0.0f;
    }
}
