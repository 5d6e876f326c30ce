// The driver's functions that do something on a virtual card; what they ask of their callers is what a real one asks.
// Signatures, limits and codes: cuda.h.
#include <chrono>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "../../src/frozen/cuda/emulation/arguments.h"
#include "memory.h"
#include "streams.h"
#include "totals.h"

using card::complain;
using card::For;

namespace {

enum Code {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    INVALID_CONTEXT = 201,
    INVALID_PTX = 218,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    ILLEGAL_ADDRESS = 700,
    LAUNCH_FAILED = 719,
    NOT_SUPPORTED = 801,
};

// As `EXPORT` of shim.h makes it.
using Launch = int (*)(const int *grid, int block, void *const *addresses, emulation::Usable usable);

struct Function {
    std::string name;
    // None where the virtual card does not know it.
    Launch launch;
};

struct Module {
    std::map<std::string, std::unique_ptr<Function>> functions;
};

struct Event {
    bool is_timed;
    bool is_recorded = false;
    card::Clock clock = {};
    std::chrono::steady_clock::time_point time = {};
};

const unsigned WITHOUT_TIMING = 2;    // CU_EVENT_DISABLE_TIMING
// CU_MEMPOOL_ATTR_USED_MEM_HIGH, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, and ..._RESERVED_MEM_CURRENT and ..._USED_MEM_CURRENT
const int MOST_USED = 8, KEPT_FREE = 4, HELD = 5, USED = 7;

std::set<Module *> modules;
std::set<void *> streams;
thread_local void *current_context;

// The stream that is each thread's own, CU_STREAM_PER_THREAD, needs no creating.
bool is_stream(void *stream) {
    return (uintptr_t)stream <= 2 || streams.count(stream) != 0;
}

// What every call on memory needs: a context, and a stream that lives.
int refusal(const char *function, void *stream) {
    if (long long told = card::stand_in_number(function, 0)) {
        return (int)told;
    }
    if (current_context == nullptr) {
        complain("%s without a context on its thread", function);
        return INVALID_CONTEXT;
    }
    if (!is_stream(stream)) {
        complain("%s on a stream that is not there", function);
        return INVALID_HANDLE;
    }
    card::work_on(card::stream_of(stream));
    return SUCCESS;
}

#define REFUSE(stream)                                                                                                \
    std::lock_guard<std::recursive_mutex> lock(card::busy);                                                           \
    if (int code = refusal(__func__, stream)) {                                                                       \
        return code;                                                                                                  \
    }

int allocated(uint64_t *address, size_t bytes, For use) {
    void *begin = card::allocate(bytes, use);
    *address = (uint64_t)begin;
    return begin == nullptr ? OUT_OF_MEMORY : SUCCESS;
}

int released(uint64_t address, For use) {
    return card::release((void *)address, use) ? SUCCESS : ILLEGAL_ADDRESS;
}

// Whether the text says `.entry NAME(`; a line each, as nvcc writes them.
std::set<std::string> entries(const char *ptx) {
    std::set<std::string> found;
    for (const char *entry = ptx; (entry = strstr(entry, ".entry ")) != nullptr;) {
        entry += strlen(".entry ");
        found.insert(std::string(entry, strcspn(entry, "( \n")));
    }
    return found;
}

} // namespace

extern "C" {

int cuCtxGetCurrent(void **context) {
    *context = current_context;
    return SUCCESS;
}

int cuCtxSetCurrent(void *context) {
    current_context = context;
    return SUCCESS;
}

int cuMemGetInfo_v2(size_t *free, size_t *total) {
    REFUSE(nullptr);
    *total = card::total_bytes();
    *free = card::free_bytes();
    return SUCCESS;
}

int cuStreamCreate(void **stream, unsigned) {
    REFUSE(nullptr);
    *stream = new char;
    streams.insert(*stream);
    return SUCCESS;
}

int cuStreamDestroy_v2(void *stream) {
    REFUSE(stream);
    streams.erase(stream);
    delete (char *)stream;
    return SUCCESS;
}

int cuStreamIsCapturing(void *stream, int *status) {
    REFUSE(stream);
    *status = 0;
    return SUCCESS;
}

int cuEventCreate(void **event, unsigned flags) {
    REFUSE(nullptr);
    *event = new Event{(flags & WITHOUT_TIMING) == 0};
    return SUCCESS;
}

int cuEventDestroy_v2(void *event) {
    REFUSE(nullptr);
    delete (Event *)event;
    return SUCCESS;
}

int cuEventRecord(void *handle, void *stream) {
    REFUSE(stream);
    Event *event = (Event *)handle;
    event->is_recorded = true;
    event->clock = card::record(card::stream_of(stream));
    event->time = std::chrono::steady_clock::now();
    return SUCCESS;
}

int cuEventSynchronize(void *event) {
    REFUSE(nullptr);
    card::host_waits(((Event *)event)->clock);
    card::is_waited_for();
    return SUCCESS;
}

int cuEventElapsedTime_v2(float *milliseconds, void *start, void *end) {
    REFUSE(nullptr);
    for (const Event *event : {(Event *)start, (Event *)end}) {
        if (!event->is_timed || !event->is_recorded) {
            complain("the time is asked of an event that has none");
            return INVALID_HANDLE;
        }
    }
    std::chrono::duration<float, std::milli> between = ((Event *)end)->time - ((Event *)start)->time;
    *milliseconds = between.count();
    return SUCCESS;
}

int cuEventElapsedTime(float *milliseconds, void *start, void *end) {
    return cuEventElapsedTime_v2(milliseconds, start, end);
}

int cuStreamWaitEvent(void *stream, void *event, unsigned) {
    REFUSE(stream);
    card::wait(card::stream_of(stream), ((Event *)event)->clock);
    return SUCCESS;
}

int cuStreamSynchronize(void *stream) {
    REFUSE(stream);
    card::host_waits(card::record(card::stream_of(stream)));
    card::is_waited_for();
    return SUCCESS;
}

int cuCtxSynchronize() {
    REFUSE(nullptr);
    card::host_waits_for_all();
    card::is_waited_for();
    return SUCCESS;
}

int cuMemAlloc_v2(uint64_t *address, size_t bytes) {
    REFUSE(nullptr);
    return bytes == 0 ? INVALID_VALUE : allocated(address, bytes, For::NOTHING);
}

int cuMemAllocAsync(uint64_t *address, size_t bytes, void *stream) {
    REFUSE(stream);
    return allocated(address, bytes, For::WRITING);
}

int cuMemFree_v2(uint64_t address) {
    REFUSE(nullptr);
    return released(address, For::NOTHING);
}

int cuMemFreeAsync(uint64_t address, void *stream) {
    REFUSE(stream);
    return released(address, For::WRITING);
}

int cuDeviceGetDefaultMemPool(void **pool, int) {
    static char only;
    *pool = &only;
    return SUCCESS;
}

int cuMemPoolGetAttribute(void *, int attribute, void *value) {
    REFUSE(nullptr);
    switch (attribute) {
    case MOST_USED: *(uint64_t *)value = card::most_used(); return SUCCESS;
    // What is given back is free at once.
    case HELD:
    case USED: *(uint64_t *)value = card::total_bytes() - card::free_bytes(); return SUCCESS;
    default: complain("attribute %d of memory pools is not written yet", attribute); return NOT_SUPPORTED;
    }
}

int cuMemPoolTrimTo(void *, size_t) {
    REFUSE(nullptr);
    return SUCCESS;
}

int cuMemPoolSetAttribute(void *, int attribute, void *value) {
    REFUSE(nullptr);
    if (attribute == MOST_USED && *(uint64_t *)value == 0) {
        card::forget_most_used();
        return SUCCESS;
    }
    return attribute == KEPT_FREE ? SUCCESS : INVALID_VALUE;
}

int cuMemsetD8Async(uint64_t address, unsigned char value, size_t count, void *stream) {
    REFUSE(stream);
    if (!card::holds((void *)address, count, For::WRITING)) {
        return INVALID_VALUE;
    }
    memset((void *)address, value, count);
    return SUCCESS;
}

int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *stream) {
    REFUSE(stream);
    if (!card::holds((void *)to, bytes, For::WRITING)) {
        return INVALID_VALUE;
    }
    memcpy((void *)to, from, bytes);
    card::is_sent(bytes);
    return SUCCESS;
}

int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *stream) {
    REFUSE(stream);
    if (!card::holds((const void *)from, bytes, For::READING)) {
        return INVALID_VALUE;
    }
    memcpy(to, (const void *)from, bytes);
    card::sends(bytes);
    // So it is for memory that may be swapped out, and the program has no other.
    card::host_waits(card::record(card::stream_of(stream)));
    return SUCCESS;
}

int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *stream) {
    REFUSE(stream);
    if (!card::holds((void *)to, bytes, For::WRITING) || !card::holds((const void *)from, bytes, For::READING)) {
        return INVALID_VALUE;
    }
    card::gets_work();
    memmove((void *)to, (const void *)from, bytes);
    return SUCCESS;
}

int cuModuleLoadData(void **module, const void *image) {
    REFUSE(nullptr);
    auto loaded = std::make_unique<Module>();
    for (const std::string &name : entries((const char *)image)) {
        Launch launch = (Launch)dlsym(RTLD_DEFAULT, ("launch_" + name).c_str());
        loaded->functions[name] = std::make_unique<Function>(Function{name, launch});
    }
    if (loaded->functions.empty()) {
        return INVALID_PTX;
    }
    modules.insert(loaded.get());
    *module = loaded.release();
    return SUCCESS;
}

int cuModuleUnload(void *module) {
    REFUSE(nullptr);
    if (modules.erase((Module *)module) == 0) {
        return INVALID_HANDLE;
    }
    delete (Module *)module;
    return SUCCESS;
}

int cuModuleGetFunction(void **function, void *module, const char *name) {
    REFUSE(nullptr);
    if (modules.count((Module *)module) == 0) {
        return INVALID_HANDLE;
    }
    auto &functions = ((Module *)module)->functions;
    auto found = functions.find(name);
    if (found == functions.end()) {
        complain("a module has no kernel %s", name);
        return NOT_FOUND;
    }
    *function = found->second.get();
    return SUCCESS;
}

int cuLaunchKernel(void *handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                   unsigned block_z, unsigned shared_bytes, void *stream, void **addresses, void **) {
    REFUSE(stream);
    const Function *function = (const Function *)handle;
    const char *name = function->name.c_str();
    card::is_launched(name);
    uint64_t threads = (uint64_t)block_x * block_y * block_z;
    if (grid_x == 0 || grid_x > INT32_MAX || grid_y == 0 || grid_y > 65535 || threads == 0 || threads > 1024) {
        complain("no grid is as %s wants it: %u x %u blocks of %llu threads", name, grid_x, grid_y,
                 (unsigned long long)threads);
        return INVALID_VALUE;
    }
    if (function->launch == nullptr) {
        complain("the kernel %s is not written yet: add it to tests/virtual_card/tensor_kernels.cpp", name);
        return NOT_SUPPORTED;
    }
    if (grid_z != 1 || block_y != 1 || block_z != 1 || shared_bytes != 0) {
        complain("%s wants a third dimension or dynamic shared memory, which is not written yet", name);
        return NOT_SUPPORTED;
    }
    const int grid[2] = {(int)grid_x, (int)grid_y};
    int outcome = function->launch(grid, (int)block_x, addresses, card::usable);
    bool intact = card::intact();
    switch (outcome) {
    case emulation::UNUSABLE_POINTER:
        complain("it was given to %s", name);
        return ILLEGAL_ADDRESS;
    case emulation::LEFT_AT_BARRIER:
        complain("not all threads of a block of %s reach a barrier", name);
        return LAUNCH_FAILED;
    case emulation::DONE:
        if (!intact) {
            complain("it was %s", name);
        }
        return intact ? SUCCESS : ILLEGAL_ADDRESS;
    default:
        complain("%s is launched as it cannot be", name);
        return INVALID_VALUE;
    }
}

// Nothing is left to do: all is done when its call returns.
#define NOTHING_TO_DO(function)                                                                                       \
    int function() {                                                                                                  \
        return (int)card::stand_in_number(__func__, 0);                                                               \
    }

NOTHING_TO_DO(cuDevicePrimaryCtxRelease_v2)
NOTHING_TO_DO(curandDestroyGenerator)
NOTHING_TO_DO(curandSetPseudoRandomGeneratorSeed)
NOTHING_TO_DO(curandSetStream)

// What neither this nor `stand_ins.c` has. The runtime's registration of kernels that are linked in happens whenever a
// program starts, and means nothing here.
long long stand_in_other(const char *name) {
    if (strncmp(name, "__cuda", strlen("__cuda")) == 0) {
        return SUCCESS;
    }
    complain("%s is not written yet: add it to tests/virtual_card", name);
    return NOT_SUPPORTED;
}

} // extern "C"
