// The parts of convolutions around their products: unfolding pictures into the inputs of each kernel position (im2col;
// Chellapilla et al., High performance convolutional neural networks for document processing, 2006), its reverse as a
// gather, and interleaving the outputs of a doubling convolution.
#include "common.cuh"

// picture: [batch, channels, height, width]. unfolded: [batch, channels * side * side, rows, columns], for the output's
// rows from `first` on; 0 outside the picture. Grid [batch * channels * side * side, blocks of rows * columns].
extern "C" __global__ void unfold(const float *picture, float *unfolded, int height, int width, int side, int stride,
                                  int top, int left, int first, int rows, int columns) {
    int tap = blockIdx.x % (side * side);
    const float *plane = picture + (long long)(blockIdx.x / (side * side)) * height * width;
    unsigned size = (unsigned)rows * columns;
    float *own = unfolded + (long long)blockIdx.x * size;
    for (unsigned i = first_in_row(); i < size; i += step_in_row()) {
        int row = i / columns, column = i % columns;
        int y = (first + row) * stride + tap / side - top;
        int x = column * stride + tap % side - left;
        bool inside = y >= 0 && y < height && x >= 0 && x < width;
        own[i] = inside ? plane[(long long)y * width + x] : 0.0f;
    }
}

// The reverse: each pixel of picture [batch, channels, height, width] becomes the sum of its copies in unfolded [batch,
// channels * side * side, rows, columns], tap by tap. Grid [batch * channels, blocks of height * width].
extern "C" __global__ void fold(const float *unfolded, float *picture, int height, int width, int side, int stride,
                                int top, int left, int rows, int columns) {
    unsigned size = (unsigned)height * width;
    const float *taps = unfolded + (long long)blockIdx.x * side * side * rows * columns;
    for (unsigned i = first_in_row(); i < size; i += step_in_row()) {
        int y = i / width, x = i % width;
        float total = 0.0f;
        for (int tap = 0; tap < side * side; tap++) {
            int down = y + top - tap / side, right = x + left - tap % side;
            if (down < 0 || right < 0 || down % stride || right % stride) {
                continue;
            }
            int row = down / stride, column = right / stride;
            if (row < rows && column < columns) {
                total += taps[((long long)tap * rows + row) * columns + column];
            }
        }
        picture[(long long)blockIdx.x * size + i] = total;
    }
}

// The picture [batch, outputs, 2 height, 2 width] from its four phases [batch, 2 * 2, outputs, height + 1, width + 1],
// with the phases of even rows and of even columns first, and the bias [outputs]. Phases of odd rows begin one row
// further down, and those of odd columns one column further right. Grid [batch * outputs, blocks of 2 height * 2
// width].
extern "C" __global__ void interleave(const float *phases, const float *bias, float *picture, int outputs, int height,
                                      int width) {
    int output = blockIdx.x % outputs;
    long long plane = (long long)(height + 1) * (width + 1), number = blockIdx.x / outputs;
    const float *first = phases + (number * 4 * outputs + output) * plane;
    unsigned size = 4u * height * width;
    for (unsigned i = first_in_row(); i < size; i += step_in_row()) {
        int y = i / (2 * width), x = i % (2 * width);
        int phase = y % 2 * 2 + x % 2;
        long long place = (long long)(y / 2 + y % 2) * (width + 1) + x / 2 + x % 2;
        picture[(long long)blockIdx.x * size + i] = first[phase * outputs * plane + place] + bias[output];
    }
}
