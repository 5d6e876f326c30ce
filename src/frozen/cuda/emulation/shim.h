// Runs CUDA kernels on a CPU, for tests: a block's threads are fibers that yield the processor at barriers, and
// blocks run one after the other. A barrier that not every thread of a block reaches is an error.
#pragma once
// The checked longjmp would reject jumps between stacks.
#undef _FORTIFY_SOURCE
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <setjmp.h>
#include <ucontext.h>
#include <vector>

#include "arguments.h"

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

static inline unsigned __float_as_uint(float value) {
    return emulation::read<unsigned>(&value);
}

static inline float __uint_as_float(unsigned value) {
    return emulation::read<float>(&value);
}

namespace emulation {

static void barrier();

const size_t STACK = 64 << 10;

struct Fibre {
    jmp_buf place;
    char stack[STACK];
};

static jmp_buf home;
static std::vector<std::unique_ptr<Fibre>> fibres;
static int threads, next_thread, running, finished, waiting;
static const void *kernel_call;
static void (*invoke)(const void *);

// Leaves a fiber until it is entered again. Unlike swapcontext, jumps need no system call.
static void leave(Fibre &fibre) {
    if (_setjmp(fibre.place) == 0) {
        _longjmp(home, 1);
    }
}

static void enter(Fibre &fibre) {
    if (_setjmp(home) == 0) {
        _longjmp(fibre.place, 1);
    }
}

static void barrier() {
    int thread = threadIdx.x, fibre = running;
    waiting++;
    leave(*fibres[fibre]);
    threadIdx.x = thread;
    running = fibre;
}

// Runs threads one after the other; the first one at a barrier keeps the fiber. Then waits for the next block.
static void fibre_main() {
    while (true) {
        while (next_thread < threads) {
            threadIdx.x = next_thread++;
            int before = waiting;
            invoke(kernel_call);
            finished++;
            if (waiting != before) {
                break;
            }
        }
        leave(*fibres[running]);
    }
}

static void add_fibre() {
    static ucontext_t context;
    fibres.push_back(std::make_unique<Fibre>());
    getcontext(&context);
    context.uc_stack.ss_sp = fibres.back()->stack;
    context.uc_stack.ss_size = STACK;
    makecontext(&context, fibre_main, 0);
    // It has no thread yet, and so leaves immediately.
    int before = next_thread;
    next_thread = threads;
    running = (int)fibres.size() - 1;
    if (_setjmp(home) == 0) {
        setcontext(&context);
    }
    next_thread = before;
}

static bool run_block() {
    next_thread = finished = waiting = 0;
    size_t used = 0;
    // Run every thread to its first barrier.
    while (next_thread < threads) {
        if (used == fibres.size()) {
            add_fibre();
        }
        running = (int)used++;
        enter(*fibres[running]);
    }
    // Run all threads from barrier to barrier.
    while (finished < threads) {
        if (waiting != threads) {
            return false;
        }
        waiting = 0;
        for (size_t i = 0; i < used; i++) {
            running = (int)i;
            enter(*fibres[i]);
        }
        if (finished != 0 && finished != threads) {
            return false;
        }
    }
    return true;
}

template <typename... A>
Outcome run(void (*kernel)(A...), const std::tuple<A...> &arguments, const int *grid, int block) {
    auto call = [&] { std::apply(kernel, arguments); };
    using Call = decltype(call);
    kernel_call = &call;
    invoke = [](const void *stored) { (*(const Call *)stored)(); };
    threads = block;
    blockDim = {block, 1, 1};
    gridDim = {grid[0], grid[1], 1};
    bool done = true;
    for (int y = 0; done && y < grid[1]; y++) {
        for (int x = 0; done && x < grid[0]; x++) {
            blockIdx = {x, y, 0};
            done = run_block();
        }
    }
    kernel_call = nullptr;
    if (!done) {
        // The fibers are in the middle of their threads.
        fibres.clear();
    }
    return done ? DONE : LEFT_AT_BARRIER;
}

} // namespace emulation

// The value of another thread of the warp. On a card, the threads of a warp must meet here; in the emulation, those of
// a block.
template <typename T> static T __shfl_xor_sync(unsigned, T value, int lanes) {
    static T exchanged[1024];
    int other = threadIdx.x ^ lanes;
    exchanged[threadIdx.x] = value;
    __syncthreads();
    value = exchanged[other];
    __syncthreads();
    return value;
}

// Makes a kernel callable from the host, with arguments passed like in accelerator.rs and like in cuLaunchKernel.
#define EXPORT(kernel)                                                                                                \
    extern "C" __attribute__((visibility("default"))) int emulate_##kernel(                                           \
        const int *grid, int block, const emulation::Value *values, int count) {                                      \
        auto parameters = emulation::parameters(kernel);                                                              \
        if (!emulation::fit(kernel, values, count, parameters)) {                                                     \
            return emulation::OTHER_PARAMETERS;                                                                       \
        }                                                                                                             \
        return emulation::run(kernel, emulation::arguments(kernel, values, parameters), grid, block);                 \
    }                                                                                                                 \
    extern "C" __attribute__((visibility("default"))) int launch_##kernel(                                            \
        const int *grid, int block, void *const *addresses, emulation::Usable usable) {                               \
        auto arguments = emulation::arguments(kernel, addresses, emulation::parameters(kernel));                      \
        if (!emulation::are_usable(arguments, usable)) {                                                              \
            return emulation::UNUSABLE_POINTER;                                                                       \
        }                                                                                                             \
        return emulation::run(kernel, arguments, grid, block);                                                        \
    }
