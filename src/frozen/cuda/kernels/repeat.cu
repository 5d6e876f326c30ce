// A part of the plane of copies of pictures, and the middle of pictures (`repeat.rs`), for planes [planes, height, width].
#include "common.cuh"

// The remainder of a division that rounds down.
__device__ inline int wrapped(int at, int length) {
    int rest = at % length;
    return rest < 0 ? rest + length : rest;
}

// The quotient of a division that rounds down.
__device__ inline int copy_of(int at, int length) {
    return (at - wrapped(at, length)) / length;
}

// One thread per element of y [planes, rows, columns]; the first pixel of a picture is at (left, top), and each copy is
// `drop` rows lower than the one on its left.
extern "C" __global__ void repeat_forward(const float *x, float *y, int height, int width, int left, int top, int drop,
                                          int rows, int columns, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int column = (int)(i % columns) - left;
    long long rest = i / columns;
    int row = wrapped((int)(rest % rows) - top + copy_of(column, width) * drop, height);
    y[i] = x[(rest / rows * height + row) * width + wrapped(column, width)];
}

// One thread per element of x; the gradients of its copies are added column by column.
extern "C" __global__ void repeat_backward(const float *dy, float *dx, int height, int width, int left, int top,
                                           int drop, int rows, int columns, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int column = (int)(i % width);
    long long rest = i / width;
    int row = (int)(rest % height);
    const float *plane = dy + rest / height * rows * columns;
    float total = 0.0f;
    for (int x = wrapped(column + left, width); x < columns; x += width) {
        for (int y = wrapped(row + top - copy_of(x - left, width) * drop, height); y < rows; y += height) {
            total += plane[(long long)y * columns + x];
        }
    }
    dx[i] = total;
}

// One thread per element of y [planes, rows, columns], which begins at (left, top) in x.
extern "C" __global__ void middle_forward(const float *x, float *y, int height, int width, int left, int top, int rows,
                                          int columns, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    long long rest = i / columns;
    y[i] = x[(rest / rows * height + rest % rows + top) * width + i % columns + left];
}

// One thread per element of dx.
extern "C" __global__ void middle_backward(const float *dy, float *dx, int height, int width, int left, int top,
                                           int rows, int columns, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int column = (int)(i % width) - left;
    long long rest = i / width;
    int row = (int)(rest % height) - top;
    bool inside = column >= 0 && column < columns && row >= 0 && row < rows;
    dx[i] = inside ? dy[(rest / height * rows + row) * columns + column] : 0.0f;
}
