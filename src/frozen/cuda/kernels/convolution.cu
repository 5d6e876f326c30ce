// What lies around the products of convolutions: pictures unfolded into what each position of the kernel sees (im2col;
// Chellapilla et al., High performance convolutional neural networks for document processing, 2006), its reverse as a
// gather, and the outputs of a doubling convolution put in their places. One thread an element.
#include "common.cuh"

// picture: [batch, channels, height, width]. unfolded: [batch, channels * side * side, rows, columns], of the output's
// rows from `first` on; what lies outside the picture is 0.
extern "C" __global__ void unfold(const float *picture, float *unfolded, int channels, int height, int width, int side,
                                  int stride, int top, int left, int first, int rows, int columns, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int column = i % columns;
    long long rest = i / columns;
    int row = rest % rows;
    rest /= rows;
    int tap = rest % (side * side);
    rest /= side * side;
    int y = (first + row) * stride + tap / side - top;
    int x = column * stride + tap % side - left;
    bool inside = y >= 0 && y < height && x >= 0 && x < width;
    unfolded[i] = inside ? picture[(rest * height + y) * width + x] : 0.0f;
}

// The reverse: each pixel of picture [batch, channels, height, width] becomes the sum of its copies in unfolded [batch,
// channels * side * side, rows, columns], tap by tap.
extern "C" __global__ void fold(const float *unfolded, float *picture, int height, int width, int side, int stride,
                                int top, int left, int rows, int columns, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int x = i % width;
    long long rest = i / width;
    int y = rest % height;
    long long plane = rest / height;
    float total = 0.0f;
    for (int tap = 0; tap < side * side; tap++) {
        int down = y + top - tap / side, right = x + left - tap % side;
        if (down < 0 || right < 0 || down % stride || right % stride) {
            continue;
        }
        int row = down / stride, column = right / stride;
        if (row < rows && column < columns) {
            total += unfolded[((plane * side * side + tap) * rows + row) * columns + column];
        }
    }
    picture[i] = total;
}

// Rows from `first` on of a picture [outputs, 2 height, 2 width] out of its four phases [2 * 2, outputs, rows, width],
// the phases of even rows and of even columns first, and the bias [outputs].
extern "C" __global__ void interleave(const float *phases, const float *bias, float *picture, int outputs, int height,
                                      int width, int first, int rows, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int x = i % (2 * width);
    long long rest = i / (2 * width);
    int y = rest % (2 * rows);
    int output = rest / (2 * rows);
    int phase = y % 2 * 2 + x % 2;
    float value = phases[(((long long)phase * outputs + output) * rows + y / 2) * width + x / 2];
    picture[((long long)output * 2 * height + 2 * first + y) * 2 * width + x] = value + bias[output];
}
