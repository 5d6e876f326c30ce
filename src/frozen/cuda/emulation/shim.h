// Runs CUDA kernels on a CPU, for tests: a block's threads are fibres (ucontext) that pass the processor on at
// barriers, and blocks come one after the other. A barrier that not every thread of a block reaches is an error.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __restrict__
#define __forceinline__ inline
#define __shared__ static
#define __syncthreads() emulation::barrier()

using std::isfinite;

struct Coordinates {
    int x, y, z;
};
static Coordinates threadIdx, blockIdx, blockDim, gridDim;

static inline unsigned long long atomicAdd(unsigned long long *target, unsigned long long value) {
    unsigned long long before = *target;
    *target += value;
    return before;
}

static inline long long __double2ll_rn(double value) {
    return llrint(value);
}

namespace emulation {

// What the host passes: as `Argument` of accelerator.rs.
struct Value {
    int32_t kind; // 0 pointer, 1 int, 2 long long, 3 float
    int32_t padding;
    uint64_t bits;
};

template <typename T> bool fits(const Value &value) {
    if (std::is_pointer<T>::value) {
        return value.kind == 0;
    }
    return value.kind == (std::is_same<T, float>::value ? 3 : sizeof(T) == 8 ? 2 : 1);
}

template <typename T> T taken(const Value &value) {
    T result;
    std::memcpy(&result, &value.bits, sizeof(T));
    return result;
}

const size_t STACK = 64 << 10;

struct Fibre {
    ucontext_t context;
    std::vector<char> stack;
};

static ucontext_t home;
static std::vector<Fibre> fibres;
static int threads, next_thread, running, finished, waiting;
static void *kernel_call;
static void (*invoke)(void *);

static void barrier() {
    int thread = threadIdx.x, fibre = running;
    waiting++;
    swapcontext(&fibres[fibre].context, &home);
    threadIdx.x = thread;
    running = fibre;
}

// Runs threads one after the other; the first that meets a barrier keeps the fibre.
static void fibre_main() {
    while (next_thread < threads) {
        threadIdx.x = next_thread++;
        int before = waiting;
        invoke(kernel_call);
        finished++;
        if (waiting != before) {
            break;
        }
    }
}

static bool run_block() {
    next_thread = finished = waiting = 0;
    size_t used = 0;
    // Every thread as far as its first barrier.
    while (next_thread < threads) {
        if (used == fibres.size()) {
            fibres.emplace_back();
            fibres.back().stack.resize(STACK);
        }
        Fibre &fibre = fibres[used];
        getcontext(&fibre.context);
        fibre.context.uc_stack.ss_sp = fibre.stack.data();
        fibre.context.uc_stack.ss_size = STACK;
        fibre.context.uc_link = &home;
        makecontext(&fibre.context, fibre_main, 0);
        running = (int)used++;
        swapcontext(&home, &fibre.context);
    }
    // From barrier to barrier, all together.
    while (finished < threads) {
        if (waiting != threads) {
            return false;
        }
        waiting = 0;
        for (size_t i = 0; i < used; i++) {
            running = (int)i;
            swapcontext(&home, &fibres[i].context);
        }
        if (finished != 0 && finished != threads) {
            return false;
        }
    }
    return true;
}

template <typename... A, size_t... I>
int launch(void (*kernel)(A...), const int *grid, int block, const Value *values, int count,
           std::index_sequence<I...>) {
    if (count != (int)sizeof...(A) || !(fits<A>(values[I]) && ...)) {
        return 1;
    }
    auto call = [&] { kernel(taken<A>(values[I])...); };
    using Call = decltype(call);
    kernel_call = &call;
    invoke = [](void *stored) { (*(Call *)stored)(); };
    threads = block;
    // No fibre may move while others point to it.
    fibres.reserve(block);
    blockDim = {block, 1, 1};
    gridDim = {grid[0], grid[1], 1};
    for (int y = 0; y < grid[1]; y++) {
        for (int x = 0; x < grid[0]; x++) {
            blockIdx = {x, y, 0};
            if (!run_block()) {
                return 2;
            }
        }
    }
    return 0;
}

} // namespace emulation

// Makes a kernel callable from the host: 0 done, 1 other arguments than its parameters, 2 a barrier not all reach.
#define EXPORT(kernel)                                                                                                \
    extern "C" int emulate_##kernel(const int *grid, int block, const emulation::Value *values, int count) {          \
        return emulation::launch(kernel, grid, block, values, count, emulation::parameters(kernel));                  \
    }

namespace emulation {
template <typename... A> std::index_sequence_for<A...> parameters(void (*)(A...)) {
    return {};
}
} // namespace emulation
