// Activation functions, element by element: SiLU and GELU of Hendrycks and Gimpel, Gaussian error linear units, 2016,
// quick-GELU and the rectifier. `kind` numbers them like `activation.rs`. One thread per element.
#include "common.cuh"
#include "functions.cuh"

// x, y: [count]
extern "C" __global__ void activation_forward(const float *x, float *y, int kind, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    float value = x[i];
    switch (kind) {
    case 0: y[i] = value * sigmoid(value); break;
    case 1: y[i] = value * sigmoid(QUICK_GELU_SLOPE * value); break;
    case 2: y[i] = value * normal_distribution(value); break;
    default: y[i] = fmaxf(value, 0.0f);
    }
}

// x, dy, dx: [count]; dx may be dy.
extern "C" __global__ void activation_backward(const float *x, const float *dy, float *dx, int kind, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    float value = x[i];
    float slope;
    switch (kind) {
    case 0: slope = logistic_derivative(value, 1.0f); break;
    case 1: slope = logistic_derivative(value, QUICK_GELU_SLOPE); break;
    case 2: slope = normal_distribution(value) + value * expf(-0.5f * value * value) * 0.39894228f; break;
    default: slope = value > 0.0f ? 1.0f : 0.0f;
    }
    dx[i] = dy[i] * slope;
}
