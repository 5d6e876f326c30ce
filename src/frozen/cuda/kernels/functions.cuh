// The activation functions and their derivatives (`activation.rs` has their sources).
#pragma once

#define QUICK_GELU_SLOPE 1.702f

__device__ inline float sigmoid(float x) {
    return 1.0f / (1.0f + expf(-x));
}

// d/dx of x sigmoid(slope x)
__device__ inline float logistic_derivative(float x, float slope) {
    float s = sigmoid(slope * x);
    return s + slope * x * s * (1.0f - s);
}

// The standard normal distribution function
__device__ inline float normal_distribution(float x) {
    return 0.5f * (1.0f + erff(x * 0.70710678f));
}
