// The tensor library's kernels, as far as the program launches them, written again as functions of the host: each
// computes a whole launch. What they are called and given: candle-kernels 0.11 and cuda_backend of candle-core 0.11.
//
// `info` has the dimensions, and then the strides of each input, one after the other; none where all is contiguous.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "../../src/frozen/cuda/emulation/arguments.h"
#include "memory.h"

namespace {

// Where the element `i` lies of the input whose strides are the `input`th.
size_t place(size_t i, size_t dimensions, const size_t *info, size_t input = 1) {
    if (info == nullptr) {
        return i;
    }
    size_t found = 0;
    for (size_t d = dimensions; d-- > 0;) {
        found += i % info[d] * info[input * dimensions + d];
        i /= info[d];
    }
    return found;
}

// Element by element

template <typename T, typename R, R function(T)>
void map(size_t count, size_t dimensions, const size_t *info, const T *x, R *y) {
    for (size_t i = 0; i < count; i++) {
        y[i] = function(x[place(i, dimensions, info)]);
    }
}

template <typename T, T function(T, T)>
void map_with(size_t count, size_t dimensions, const size_t *info, T parameter, const T *x, T *y) {
    for (size_t i = 0; i < count; i++) {
        y[i] = function(x[place(i, dimensions, info)], parameter);
    }
}

template <typename T, typename R, R function(T, T)>
void combine(size_t count, size_t dimensions, const size_t *info, const T *left, const T *right, R *result) {
    for (size_t i = 0; i < count; i++) {
        result[i] = function(left[place(i, dimensions, info, 1)], right[place(i, dimensions, info, 2)]);
    }
}

template <typename T>
void affine(size_t count, size_t dimensions, const size_t *info, const T *x, T *y, T factor, T summand) {
    for (size_t i = 0; i < count; i++) {
        y[i] = (T)(x[place(i, dimensions, info)] * factor + summand);
    }
}

template <typename T, typename C>
void choose(size_t count, size_t dimensions, const size_t *info, const C *condition, const T *yes, const T *no, T *y) {
    for (size_t i = 0; i < count; i++) {
        bool first = condition[place(i, dimensions, info, 1)] != 0;
        y[i] = first ? yes[place(i, dimensions, info, 2)] : no[place(i, dimensions, info, 3)];
    }
}

// Memory

template <typename T> void set(size_t count, size_t dimensions, const size_t *info, T value, T *y) {
    for (size_t i = 0; i < count; i++) {
        y[place(i, dimensions, info)] = value;
    }
}

template <typename T>
void copy_rows(const T *from, T *to, uint32_t rows, uint32_t columns, uint32_t from_stride, uint32_t to_stride) {
    for (size_t row = 0; row < rows; row++) {
        std::copy_n(from + row * from_stride, columns, to + row * to_stride);
    }
}

// Reductions: of `each` elements that follow each other, the dimensions that go being the last.

template <typename T>
void sum_small(size_t results, size_t each, size_t dimensions, const size_t *info, const T *x, T *y) {
    for (size_t result = 0; result < results; result++) {
        // More exactly than f32 can; integers wrap as they do on a card.
        std::conditional_t<std::is_floating_point_v<T>, double, T> sum = 0;
        for (size_t i = 0; i < each; i++) {
            sum += x[place(result * each + i, dimensions, info)];
        }
        y[result] = (T)sum;
    }
}

template <typename T> void sum(size_t count, size_t each, size_t dimensions, const size_t *info, const T *x, T *y) {
    sum_small(count / each, each, dimensions, info, x, y);
}

// The first element, of each that are reduced to one, that none comes before.
template <typename T, bool before(T, T), typename Use>
void find_first(size_t count, size_t each, size_t dimensions, const size_t *info, const T *x, Use use) {
    for (size_t result = 0; result < count / each; result++) {
        size_t found = 0;
        for (size_t i = 1; i < each; i++) {
            bool is_before = before(x[place(result * each + i, dimensions, info)],
                                    x[place(result * each + found, dimensions, info)]);
            found = is_before ? i : found;
        }
        use(result, found, x[place(result * each + found, dimensions, info)]);
    }
}

template <typename T, bool before(T, T)>
void extreme(size_t count, size_t each, size_t dimensions, const size_t *info, const T *x, T *y) {
    find_first<T, before>(count, each, dimensions, info, x, [&](size_t i, size_t, T value) { y[i] = value; });
}

template <typename T, bool before(T, T)>
void place_of_extreme(size_t count, size_t each, size_t dimensions, const size_t *info, const T *x, uint32_t *y) {
    find_first<T, before>(count, each, dimensions, info, x, [&](size_t i, size_t at, T) { y[i] = (uint32_t)at; });
}

// By numbers: of inputs [left, choices, right]. The largest number stands for nothing, and gives 0.

template <typename T, typename I>
T chosen(const T *x, I number, size_t left, size_t choices, size_t right_size, size_t right) {
    bool none = number == std::numeric_limits<I>::max() || (size_t)number >= choices;
    return none ? T(0) : x[(left * choices + (size_t)number) * right_size + right];
}

template <typename T, typename I>
void select(size_t count, size_t dimensions, const size_t *info, const I *numbers, const T *x, T *y, size_t,
            size_t choices, size_t many, size_t right_size) {
    for (size_t i = 0; i < many; i++) {
        if (place(i, dimensions, info) != i) {
            card::complain("numbers to select by have strides, which the tensor library's kernel misreads");
            return;
        }
    }
    for (size_t i = 0; i < count; i++) {
        I number = numbers[i / right_size % many];
        y[i] = chosen(x, number, i / (many * right_size), choices, right_size, i % right_size);
    }
}

template <typename T, typename I>
void gather(size_t count, const I *numbers, const T *x, T *y, size_t, size_t choices, size_t many, size_t right_size) {
    for (size_t i = 0; i < count; i++) {
        y[i] = chosen(x, numbers[i], i / (many * right_size), choices, right_size, i % right_size);
    }
}

template <typename T> T negated(T x) { return -x; }
template <typename T> T reciprocal(T x) { return 1 / x; }
template <typename T> T exponential(T x) { return std::exp(x); }
template <typename T> T logarithm(T x) { return std::log(x); }
template <typename T> T sine(T x) { return std::sin(x); }
template <typename T> T cosine(T x) { return std::cos(x); }
template <typename T> T hyperbolic_tangent(T x) { return std::tanh(x); }
template <typename T> T error_function(T x) { return std::erf(x); }
template <typename T> T ceiling(T x) { return std::ceil(x); }
template <typename T> T bottom(T x) { return std::floor(x); }
template <typename T> T rounded(T x) { return std::round(x); }
template <typename T> T absolute(T x) { return std::fabs(x); }
template <typename T> T square(T x) { return x * x; }
template <typename T> T square_root(T x) { return std::sqrt(x); }
template <typename T> T rectified(T x) { return std::fmax(x, T(0)); }
template <typename T> T sign(T x) { return T((x > 0) - (x < 0)); }
template <typename T> T power(T x, T exponent) { return std::pow(x, exponent); }
template <typename T, typename R> R cast(T x) { return (R)x; }

template <typename T> T added(T x, T y) { return x + y; }
template <typename T> T subtracted(T x, T y) { return x - y; }
template <typename T> T multiplied(T x, T y) { return x * y; }
template <typename T> T divided(T x, T y) { return x / y; }
// As fmax and fmin: of a number and NaN the number.
template <typename T> T larger(T x, T y) { return x != x || y > x ? y : x; }
template <typename T> T smaller(T x, T y) { return x != x || y < x ? y : x; }
template <typename T, typename R> R equal(T x, T y) { return x == y; }
template <typename T, typename R> R different(T x, T y) { return x != y; }
template <typename T, typename R> R less(T x, T y) { return x < y; }
template <typename T, typename R> R at_most(T x, T y) { return x <= y; }
template <typename T, typename R> R greater(T x, T y) { return x > y; }
template <typename T, typename R> R at_least(T x, T y) { return x >= y; }

template <typename... A> int launch(void (*function)(A...), void *const *addresses, emulation::Usable usable) {
    auto arguments = emulation::arguments(function, addresses, emulation::parameters(function));
    if (!emulation::are_usable(arguments, usable)) {
        return emulation::UNUSABLE_POINTER;
    }
    std::apply(function, arguments);
    return emulation::DONE;
}

} // namespace

// A kernel's name, and the function that does what it does.
#define KERNEL(name, ...)                                                                                             \
    extern "C" int launch_##name(const int *, int, void *const *addresses, emulation::Usable usable) {                \
        return launch(__VA_ARGS__, addresses, usable);                                                                \
    }

#define FOR_ALL(KERNELS)                                                                                              \
    KERNELS(f32, float)                                                                                               \
    KERNELS(f64, double)                                                                                              \
    KERNELS(u8, uint8_t)                                                                                              \
    KERNELS(u32, uint32_t)                                                                                            \
    KERNELS(i64, int64_t)

#define OF_ANY_NUMBERS(T, Type)                                                                                       \
    KERNEL(affine_##T, affine<Type>)                                                                                  \
    KERNEL(const_set_##T, set<Type>)                                                                                  \
    KERNEL(copy2d_##T, copy_rows<Type>)                                                                               \
    KERNEL(ucopy_##T, map<Type, Type, cast<Type, Type>>)                                                              \
    KERNEL(badd_##T, combine<Type, Type, added<Type>>)                                                                \
    KERNEL(bsub_##T, combine<Type, Type, subtracted<Type>>)                                                           \
    KERNEL(bmul_##T, combine<Type, Type, multiplied<Type>>)                                                           \
    KERNEL(bdiv_##T, combine<Type, Type, divided<Type>>)                                                              \
    KERNEL(bmaximum_##T, combine<Type, Type, larger<Type>>)                                                           \
    KERNEL(bminimum_##T, combine<Type, Type, smaller<Type>>)                                                          \
    KERNEL(eq_##T, combine<Type, uint8_t, equal<Type, uint8_t>>)                                                      \
    KERNEL(ne_##T, combine<Type, uint8_t, different<Type, uint8_t>>)                                                  \
    KERNEL(lt_##T, combine<Type, uint8_t, less<Type, uint8_t>>)                                                       \
    KERNEL(le_##T, combine<Type, uint8_t, at_most<Type, uint8_t>>)                                                    \
    KERNEL(gt_##T, combine<Type, uint8_t, greater<Type, uint8_t>>)                                                    \
    KERNEL(ge_##T, combine<Type, uint8_t, at_least<Type, uint8_t>>)                                                   \
    KERNEL(fast_sum_##T, sum<Type>)                                                                                   \
    KERNEL(fast_sum_small_##T, sum_small<Type>)                                                                       \
    KERNEL(fast_max_##T, extreme<Type, greater<Type, bool>>)                                                          \
    KERNEL(fast_min_##T, extreme<Type, less<Type, bool>>)                                                             \
    KERNEL(fast_argmax_##T, place_of_extreme<Type, greater<Type, bool>>)                                              \
    KERNEL(fast_argmin_##T, place_of_extreme<Type, less<Type, bool>>)                                                 \
    WITH_NUMBERS(u8, uint8_t, T, Type)                                                                                \
    WITH_NUMBERS(u32, uint32_t, T, Type)                                                                              \
    WITH_NUMBERS(i64, int64_t, T, Type)                                                                               \
    KERNEL(cast_f32_##T, map<float, Type, cast<float, Type>>)                                                         \
    KERNEL(cast_f64_##T, map<double, Type, cast<double, Type>>)                                                       \
    KERNEL(cast_u8_##T, map<uint8_t, Type, cast<uint8_t, Type>>)                                                      \
    KERNEL(cast_u32_##T, map<uint32_t, Type, cast<uint32_t, Type>>)                                                   \
    KERNEL(cast_i64_##T, map<int64_t, Type, cast<int64_t, Type>>)

#define WITH_NUMBERS(I, Index, T, Type)                                                                               \
    KERNEL(where_##I##_##T, choose<Type, Index>)                                                                      \
    KERNEL(is_##I##_##T, select<Type, Index>)                                                                         \
    KERNEL(gather_##I##_##T, gather<Type, Index>)

#define OF_REAL_NUMBERS(T, Type)                                                                                      \
    KERNEL(uneg_##T, map<Type, Type, negated<Type>>)                                                                  \
    KERNEL(urecip_##T, map<Type, Type, reciprocal<Type>>)                                                             \
    KERNEL(uexp_##T, map<Type, Type, exponential<Type>>)                                                              \
    KERNEL(ulog_##T, map<Type, Type, logarithm<Type>>)                                                                \
    KERNEL(usin_##T, map<Type, Type, sine<Type>>)                                                                     \
    KERNEL(ucos_##T, map<Type, Type, cosine<Type>>)                                                                   \
    KERNEL(utanh_##T, map<Type, Type, hyperbolic_tangent<Type>>)                                                      \
    KERNEL(uerf_##T, map<Type, Type, error_function<Type>>)                                                           \
    KERNEL(uceil_##T, map<Type, Type, ceiling<Type>>)                                                                 \
    KERNEL(ufloor_##T, map<Type, Type, bottom<Type>>)                                                                 \
    KERNEL(uround_##T, map<Type, Type, rounded<Type>>)                                                                \
    KERNEL(uabs_##T, map<Type, Type, absolute<Type>>)                                                                 \
    KERNEL(usqr_##T, map<Type, Type, square<Type>>)                                                                   \
    KERNEL(usqrt_##T, map<Type, Type, square_root<Type>>)                                                             \
    KERNEL(urelu_##T, map<Type, Type, rectified<Type>>)                                                               \
    KERNEL(usign_##T, map<Type, Type, sign<Type>>)                                                                    \
    KERNEL(upowf_##T, map_with<Type, power<Type>>)

FOR_ALL(OF_ANY_NUMBERS)
OF_REAL_NUMBERS(f32, float)
OF_REAL_NUMBERS(f64, double)
