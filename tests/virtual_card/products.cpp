// cuBLAS's products on a virtual card, as far as the program asks for them: matrices of f32, column-major, a batch of
// them at even distances. They are computed in f32 with sums of parts in f64, from factors that are rounded as TF32 or
// bf16 wants. Signatures, codes and what is refused: cublas_v2.h and the documentation of cublasGemmStridedBatchedEx.
#include <algorithm>
#include <cstring>
#include <vector>

#include "memory.h"
#include "rounding.h"
#include "streams.h"
#include "totals.h"

using card::complain;
using card::For;
using card::rounded;

namespace {

enum Status { SUCCESS = 0, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum Operation { AS_IT_LIES = 0, TRANSPOSED = 1 };
const int FLOATS = 0; // CUDA_R_32F
enum Arithmetic { IN_FULL = 68, IN_BF16 = 75, IN_TF32 = 77 };

// Rows and columns of a tile, and how many terms are summed in f32.
const int ROWS = 16, COLUMNS = 4, TERMS = 128;

// A tile's column; the compiler makes of it what the processor has.
typedef float Lanes __attribute__((vector_size(ROWS * sizeof(float))));

// One of the two factors of a batch, as it lies: `rows` numbers in each of `columns` columns.
struct Matrices {
    const float *begin;
    int rows, columns, leading;
    long long apart;
};

struct Handle {
    void *stream = nullptr;
};

// Whether a factor's numbers are all memory of the card.
bool are_there(const Matrices &matrices, int count, For use) {
    if (matrices.rows == 0 || matrices.columns == 0 || count == 0) {
        return true;
    }
    long long last = (count - 1) * matrices.apart + (matrices.columns - 1LL) * matrices.leading + matrices.rows;
    return card::holds(matrices.begin, (size_t)last * sizeof(float), use);
}

int bits_of(int arithmetic) {
    return arithmetic == IN_TF32 ? 10 : arithmetic == IN_BF16 ? 7 : 23;
}

// Strips of `width` neighbours along one side, one term after the other, zeros where the side ends.
std::vector<float> strips(const float *from, int side, int terms, long long step, long long step_of_terms, int width,
                          int bits) {
    std::vector<float> packed((size_t)(side + width - 1) / width * width * terms);
    for (int first = 0; first < side; first += width) {
        float *strip = packed.data() + (size_t)first * terms;
        for (int term = 0; term < terms; term++) {
            for (int i = 0; i < std::min(width, side - first); i++) {
                strip[term * width + i] = rounded(from[(first + i) * step + term * step_of_terms], bits);
            }
        }
    }
    return packed;
}

// sums [COLUMNS][ROWS]
void multiply_tile(const float *left, const float *right, int terms, double (*sums)[ROWS]) {
    memset(sums, 0, sizeof(double) * COLUMNS * ROWS);
    for (int first = 0; first < terms; first += TERMS) {
        Lanes part[COLUMNS] = {};
        for (int term = first; term < std::min(first + TERMS, terms); term++) {
            Lanes column;
            memcpy(&column, left + term * ROWS, sizeof column);
            for (int j = 0; j < COLUMNS; j++) {
                part[j] += column * right[term * COLUMNS + j];
            }
        }
        for (int j = 0; j < COLUMNS; j++) {
            for (int i = 0; i < ROWS; i++) {
                sums[j][i] += part[j][i];
            }
        }
    }
}

} // namespace

extern "C" {

int cublasCreate_v2(void **handle) {
    *handle = new Handle;
    return (int)card::stand_in_number(__func__, 0);
}

int cublasDestroy_v2(void *handle) {
    delete (Handle *)handle;
    return SUCCESS;
}

int cublasSetStream_v2(void *handle, void *stream) {
    ((Handle *)handle)->stream = stream;
    return SUCCESS;
}

int cublasSetWorkspace_v2(void *, void *workspace, size_t bytes) {
    std::lock_guard<std::recursive_mutex> lock(card::busy);
    return card::holds(workspace, bytes, For::NOTHING) ? SUCCESS : INVALID_VALUE;
}

int cublasGemmStridedBatchedEx(void *handle, int left_operation, int right_operation, int m, int n, int k,
                               const void *alpha, const void *a, int a_type, int lda, long long a_apart, const void *b,
                               int b_type, int ldb, long long b_apart, const void *beta, void *c, int c_type, int ldc,
                               long long c_apart, int count, int arithmetic, int) {
    if (long long told = card::stand_in_number(__func__, 0)) {
        return (int)told;
    }
    std::lock_guard<std::recursive_mutex> lock(card::busy);
    if (a_type != FLOATS || b_type != FLOATS || c_type != FLOATS ||
        (arithmetic != IN_FULL && arithmetic != IN_TF32 && arithmetic != IN_BF16)) {
        complain("products of other numbers than f32 are not written yet");
        return NOT_SUPPORTED;
    }
    card::work_on(card::stream_of(((Handle *)handle)->stream));
    card::is_launched(__func__);
    bool left_turned = left_operation == TRANSPOSED, right_turned = right_operation == TRANSPOSED;
    Matrices left{(const float *)a, left_turned ? k : m, left_turned ? m : k, lda, a_apart};
    Matrices right{(const float *)b, right_turned ? n : k, right_turned ? k : n, ldb, b_apart};
    Matrices product{(const float *)c, m, n, ldc, c_apart};
    if (m < 0 || n < 0 || k < 0 || count < 0 || lda < std::max(1, left.rows) || ldb < std::max(1, right.rows) ||
        ldc < std::max(1, m)) {
        complain("a product of %d x %d x %d has columns %d, %d and %d apart", m, n, k, lda, ldb, ldc);
        return INVALID_VALUE;
    }
    if (!are_there(left, count, For::READING) || !are_there(right, count, For::READING) ||
        !are_there(product, count, For::WRITING)) {
        complain("it was a product of %d x %d x %d", m, n, k);
        return EXECUTION_FAILED;
    }
    float scale = *(const float *)alpha, share_of_before = *(const float *)beta;
    for (int index = 0; index < count; index++) {
        std::vector<float> rows = strips(left.begin + index * a_apart, m, k, left_turned ? lda : 1,
                                         left_turned ? 1 : lda, ROWS, bits_of(arithmetic));
        std::vector<float> columns = strips(right.begin + index * b_apart, n, k, right_turned ? 1 : ldb,
                                            right_turned ? ldb : 1, COLUMNS, bits_of(arithmetic));
        float *target = (float *)c + index * c_apart;
        for (int column = 0; column < n; column += COLUMNS) {
            for (int row = 0; row < m; row += ROWS) {
                double sums[COLUMNS][ROWS];
                multiply_tile(&rows[(size_t)row * k], &columns[(size_t)column * k], k, sums);
                for (int j = 0; j < std::min(COLUMNS, n - column); j++) {
                    for (int i = 0; i < std::min(ROWS, m - row); i++) {
                        float &number = target[(column + j) * (long long)ldc + row + i];
                        // Where nothing of it stays, what was there is not read: it may be NaN.
                        float before = share_of_before == 0.0f ? 0.0f : share_of_before * number;
                        number = before + (float)(scale * sums[j][i]);
                    }
                }
            }
        }
    }
    return SUCCESS;
}

} // extern "C"
