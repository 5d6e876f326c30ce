// cuDNN's convolutions on a virtual card, as far as the program asks for them: forward, of f32 or of bf16 as [batch,
// channels, height, width], summed in f64 from factors that are rounded as TF32 wants where tensor cores may be used. Its
// heuristics propose, before what a program may take, each kind of algorithm that one must pass over, and one that fails
// when it is run; and only what they proposed can be run. Three channels are too few for bf16. Signatures, codes and what is refused: cudnn_graph.h and
// cudnn_cnn.h of cuDNN 9, and its documentation of cudnnGetConvolutionForwardAlgorithm_v7 and cudnnConvolutionForward.
#include <algorithm>
#include <vector>

#include "memory.h"
#include "rounding.h"
#include "streams.h"
#include "totals.h"

using card::complain;
using card::For;

namespace {

enum Status { SUCCESS = 0, BAD_PARAM = 2000, NOT_SUPPORTED = 3000, EXECUTION_FAILED = 5000 };
enum Math { BY_DEFAULT = 0, ON_TENSOR_CORES = 1, CONVERTED = 2, IN_FULL = 3 };
enum Type { FLOATS = 0, HALVES = 9 };
const int CHANNELS_FIRST = 0, CROSS_CORRELATION = 1, DETERMINISTIC = 1;

struct Handle {
    void *stream = nullptr;
};

// Batch or outputs, channels, height, width
struct Tensor {
    int sizes[4] = {};
    int type = FLOATS;

    size_t count() const {
        return (size_t)sizes[0] * sizes[1] * sizes[2] * sizes[3];
    }

    size_t bytes() const {
        return count() * (type == HALVES ? 2 : 4);
    }

    // Its numbers, rounded as a factor of so many bits.
    std::vector<float> factors(const void *numbers, int bits) const {
        if (type == FLOATS) {
            return card::rounded((const float *)numbers, count(), bits);
        }
        std::vector<float> found(count());
        for (size_t i = 0; i < found.size(); i++) {
            found[i] = card::of_half(((const uint16_t *)numbers)[i]);
        }
        return found;
    }
};

struct Convolution {
    int padding[2] = {}, stride[2] = {};
    int math = BY_DEFAULT;

    int output(const Tensor &input, const Tensor &kernels, int side) const {
        return (input.sizes[2 + side] + 2 * padding[side] - kernels.sizes[2 + side]) / stride[side] + 1;
    }
};

// cudnnConvolutionFwdAlgoPerf_t
struct Algorithm {
    int number, status;
    float time;
    size_t memory;
    int determinism, math, reserved[3];
};

// What may be run, with as much memory to work in.
const int NUMBER = 1, FAILING = 6;
const size_t WORKSPACE = 1000;

bool fit(const Tensor &input, const Tensor &kernels, const Convolution &convolution, const Tensor &output) {
    for (int side = 0; side < 2; side++) {
        if (input.sizes[2 + side] + 2 * convolution.padding[side] < kernels.sizes[2 + side] ||
            output.sizes[2 + side] != convolution.output(input, kernels, side)) {
            return false;
        }
    }
    return kernels.sizes[1] == input.sizes[1] && output.sizes[0] == input.sizes[0] &&
           output.sizes[1] == kernels.sizes[0];
}

// One channel's part of a row of the output: `sums` += the kernel's row · the picture's.
void add_row(const float *row, const float *weights, int side, int width, int padding, int stride,
             std::vector<double> &sums) {
    int columns = (int)sums.size();
    for (int tap = 0; tap < side; tap++) {
        int begin = std::max(0, (padding - tap + stride - 1) / stride);
        int end = std::min(columns, width + padding - tap <= 0 ? 0 : (width + padding - tap - 1) / stride + 1);
        double weight = weights[tap];
        const float *from = row + tap - padding;
        for (int column = begin; column < end; column++) {
            sums[column] += weight * from[column * stride];
        }
    }
}

} // namespace

extern "C" {

int cudnnCreate(void **handle) {
    *handle = new Handle;
    return (int)card::stand_in_number(__func__, 0);
}

int cudnnDestroy(void *handle) {
    delete (Handle *)handle;
    return SUCCESS;
}

int cudnnSetStream(void *handle, void *stream) {
    ((Handle *)handle)->stream = stream;
    return SUCCESS;
}

int cudnnCreateTensorDescriptor(void **descriptor) {
    *descriptor = new Tensor;
    return SUCCESS;
}

int cudnnDestroyTensorDescriptor(void *descriptor) {
    delete (Tensor *)descriptor;
    return SUCCESS;
}

int cudnnSetTensor4dDescriptor(void *descriptor, int layout, int type, int n, int c, int h, int w) {
    if (layout != CHANNELS_FIRST || (type != FLOATS && type != HALVES) || std::min({n, c, h, w}) < 1) {
        return BAD_PARAM;
    }
    *(Tensor *)descriptor = {{n, c, h, w}, type};
    return (long long)n * c * h * w < 1LL << 31 ? SUCCESS : NOT_SUPPORTED;
}

int cudnnCreateFilterDescriptor(void **descriptor) {
    return cudnnCreateTensorDescriptor(descriptor);
}

int cudnnDestroyFilterDescriptor(void *descriptor) {
    return cudnnDestroyTensorDescriptor(descriptor);
}

int cudnnSetFilter4dDescriptor(void *descriptor, int type, int layout, int k, int c, int h, int w) {
    return cudnnSetTensor4dDescriptor(descriptor, layout, type, k, c, h, w);
}

int cudnnCreateConvolutionDescriptor(void **descriptor) {
    *descriptor = new Convolution;
    return SUCCESS;
}

int cudnnDestroyConvolutionDescriptor(void *descriptor) {
    delete (Convolution *)descriptor;
    return SUCCESS;
}

int cudnnSetConvolution2dDescriptor(void *descriptor, int pad_h, int pad_w, int u, int v, int dilation_h,
                                    int dilation_w, int mode, int type) {
    if (std::min(pad_h, pad_w) < 0 || std::min(u, v) < 1 || dilation_h != 1 || dilation_w != 1 ||
        mode != CROSS_CORRELATION || type != FLOATS) {
        return BAD_PARAM;
    }
    *(Convolution *)descriptor = {{pad_h, pad_w}, {u, v}};
    return SUCCESS;
}

int cudnnSetConvolutionMathType(void *descriptor, int math) {
    ((Convolution *)descriptor)->math = math;
    return SUCCESS;
}

int cudnnGetConvolutionForwardAlgorithm_v7(void *, void *input, void *kernels, void *convolution, void *output,
                                           int room, int *count, Algorithm *algorithms) {
    const Convolution &described = *(Convolution *)convolution;
    if (!fit(*(Tensor *)input, *(Tensor *)kernels, described, *(Tensor *)output)) {
        complain("the output of a convolution has other sizes");
        return BAD_PARAM;
    }
    if (((Tensor *)input)->type == HALVES && std::min(((Tensor *)input)->sizes[1], ((Tensor *)output)->sizes[1]) <= 3) {
        *count = 0;
        return NOT_SUPPORTED;
    }
    // What is permitted is what it is: tensor cores, in which a program may ask for other numbers, or none.
    int math = described.math, other = math == IN_FULL ? ON_TENSOR_CORES : CONVERTED;
    const Algorithm proposed[] = {
        {NUMBER + 1, SUCCESS, 1, WORKSPACE, !DETERMINISTIC, math},
        {NUMBER + 2, NOT_SUPPORTED, -1, 0, DETERMINISTIC, math},
        {NUMBER + 3, SUCCESS, 2, 1ULL << 30, DETERMINISTIC, math},
        {NUMBER, SUCCESS, 3, WORKSPACE, DETERMINISTIC, other},
        {FAILING, SUCCESS, 3, 0, DETERMINISTIC, math},
        {NUMBER, SUCCESS, 4, WORKSPACE, DETERMINISTIC, math},
        {NUMBER + 4, SUCCESS, 5, 0, DETERMINISTIC, IN_FULL},
    };
    *count = std::min(room, (int)std::size(proposed));
    std::copy_n(proposed, *count, algorithms);
    return SUCCESS;
}

int cudnnConvolutionForward(void *handle, const void *alpha, void *input_descriptor, const void *input,
                            void *kernel_descriptor, const void *kernels, void *convolution_descriptor, int algorithm,
                            void *workspace, size_t bytes, const void *beta, void *output_descriptor, void *output) {
    if (long long told = card::stand_in_number(__func__, 0)) {
        return (int)told;
    }
    std::lock_guard<std::recursive_mutex> lock(card::busy);
    const Tensor &x = *(Tensor *)input_descriptor, &w = *(Tensor *)kernel_descriptor, &y = *(Tensor *)output_descriptor;
    const Convolution &convolution = *(Convolution *)convolution_descriptor;
    if (algorithm == FAILING) {
        return EXECUTION_FAILED;
    }
    bool may_be = x.type == HALVES ? convolution.math == BY_DEFAULT
                                   : convolution.math == IN_FULL || convolution.math == ON_TENSOR_CORES;
    if (!fit(x, w, convolution, y) || x.type != w.type || x.type != y.type || algorithm != NUMBER ||
        bytes < WORKSPACE || !may_be) {
        complain("a convolution by algorithm %d in %zu bytes with mathematics %d", algorithm, bytes, convolution.math);
        return BAD_PARAM;
    }
    card::work_on(card::stream_of(((Handle *)handle)->stream));
    card::is_launched(__func__);
    if (!card::holds(input, x.bytes(), For::READING) || !card::holds(kernels, w.bytes(), For::READING) ||
        !card::holds(output, y.bytes(), For::WRITING) || !card::holds(workspace, bytes, For::WRITING)) {
        complain("it was a convolution");
        return EXECUTION_FAILED;
    }
    int bits = convolution.math == ON_TENSOR_CORES ? 10 : 23;
    std::vector<float> pictures = x.factors(input, bits), weights = w.factors(kernels, bits);
    auto [batch, channels, height, width] = x.sizes;
    auto [outputs, unused, side_down, side] = w.sizes;
    int rows = y.sizes[2], columns = y.sizes[3];
    float scale = *(const float *)alpha, share_of_before = *(const float *)beta;
    float *number = (float *)output;
    uint16_t *half = (uint16_t *)output;
    for (int plane = 0; plane < batch * outputs; plane++) {
        const float *picture = &pictures[(size_t)(plane / outputs) * channels * height * width];
        const float *kernel = &weights[(size_t)(plane % outputs) * channels * side_down * side];
        for (int row = 0; row < rows; row++) {
            std::vector<double> sums(columns);
            for (int channel = 0; channel < channels; channel++) {
                for (int down = 0; down < side_down; down++) {
                    int from = row * convolution.stride[0] + down - convolution.padding[0];
                    if (from >= 0 && from < height) {
                        add_row(picture + ((size_t)channel * height + from) * width,
                                kernel + (channel * side_down + down) * side, side, width, convolution.padding[1],
                                convolution.stride[1], sums);
                    }
                }
            }
            for (double sum : sums) {
                // Where nothing of it stays, what was there is not read: it may be NaN.
                bool is_half = y.type == HALVES;
                float before = share_of_before == 0.0f ? 0.0f : is_half ? card::of_half(*half) : *number;
                float found = share_of_before * before + (float)(scale * sum);
                if (is_half) {
                    *half++ = card::half_of(found);
                } else {
                    *number++ = found;
                }
            }
        }
    }
    return SUCCESS;
}

} // extern "C"
