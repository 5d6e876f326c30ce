#include "memory.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

#include "streams.h"

namespace card {

std::recursive_mutex busy;

namespace {

// Bytes before and after, which nobody may write; addresses are multiples of it, as on cards.
const size_t GUARD = 256;
// A NaN that no computation makes.
const uint32_t UNTOUCHED = 0xFFFFDEAD;

struct Memory {
    size_t bytes;
    Uses uses;
};

// By its begin
std::map<uintptr_t, Memory> memory;
std::vector<uintptr_t> remembered;
size_t used, most;

size_t padded(size_t bytes) {
    return (bytes + GUARD - 1) / GUARD * GUARD;
}

bool is_untouched(uintptr_t begin, uintptr_t end) {
    for (uintptr_t byte = begin; byte < end; byte++) {
        if (*(const uint8_t *)byte != (uint8_t)(UNTOUCHED >> byte % 4 * 8)) {
            return false;
        }
    }
    return true;
}

bool is_intact(uintptr_t begin, size_t bytes) {
    if (is_untouched(begin - GUARD, begin) && is_untouched(begin + bytes, begin + padded(bytes) + GUARD)) {
        return true;
    }
    complain("somebody wrote beside memory of %zu bytes", bytes);
    return false;
}

// Where the memory begins that an address lies in; its end belongs to it.
std::map<uintptr_t, Memory>::iterator find(const void *address) {
    auto after = memory.upper_bound((uintptr_t)address);
    if (after == memory.begin()) {
        return memory.end();
    }
    auto found = std::prev(after);
    return (uintptr_t)address <= found->first + found->second.bytes ? found : memory.end();
}

// Whether the current stream may use it now.
bool is_free_for(Memory &memory, For purpose) {
    if (purpose == For::NOTHING || use(memory.uses, purpose == For::WRITING)) {
        return true;
    }
    complain("memory of %zu bytes is used on a stream while another may still use it", memory.bytes);
    return false;
}

} // namespace

void complain(const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "virtual card: %s\n", line);
}

void *allocate(size_t bytes, For use) {
    if (bytes > free_bytes() || used + bytes > (size_t)stand_in_number("LIMIT", INT64_MAX)) {
        return nullptr;
    }
    size_t all = padded(bytes) + 2 * GUARD;
    uint32_t *words = (uint32_t *)aligned_alloc(GUARD, all);
    if (words == nullptr) {
        return nullptr;
    }
    for (size_t i = 0; i < all / sizeof *words; i++) {
        words[i] = UNTOUCHED;
    }
    uintptr_t begin = (uintptr_t)words + GUARD;
    memory[begin] = {bytes, {}};
    is_free_for(memory[begin], use);
    used += bytes;
    most = std::max(most, used);
    return (void *)begin;
}

bool release(void *begin, For use) {
    auto found = memory.find((uintptr_t)begin);
    if (found == memory.end()) {
        complain("memory that is not there is given back");
        return false;
    }
    size_t bytes = found->second.bytes;
    bool fine = is_intact(found->first, bytes) && is_free_for(found->second, use);
    used -= bytes;
    free((void *)(found->first - GUARD));
    memory.erase(found);
    return fine;
}

bool holds(const void *begin, size_t bytes, For use) {
    auto found = find(begin);
    if (found == memory.end() || (uintptr_t)begin + bytes > found->first + found->second.bytes) {
        complain("%zu bytes are not all in memory of the card", bytes);
        return false;
    }
    return is_free_for(found->second, use);
}

bool usable(const void *pointer, bool writes) {
    if (pointer == nullptr) {
        return true;
    }
    auto found = find(pointer);
    if (found == memory.end()) {
        complain("a pointer leads to no memory of the card");
        return false;
    }
    remembered.push_back(found->first);
    return is_free_for(found->second, writes ? For::WRITING : For::READING);
}

bool intact() {
    bool all = true;
    for (uintptr_t begin : remembered) {
        all &= is_intact(begin, memory[begin].bytes);
    }
    remembered.clear();
    return all;
}

size_t total_bytes() {
    return (size_t)stand_in_number("TOTAL", 8LL << 30);
}

size_t free_bytes() {
    return (size_t)stand_in_number("FREE", (long long)total_bytes()) - used;
}

size_t most_used() {
    return most;
}

void forget_most_used() {
    most = used;
}

} // namespace card
