// The virtual card's memory: the host's, between guards, and filled with NaN.
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace card {

// One thing at a time happens on the card.
extern std::recursive_mutex busy;

// Says on standard error what a program did wrong.
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

// The code that the environment wants of a function: `stand_ins.c` of cuda_stand_ins.
extern "C" long long stand_in_number(const char *name, long long otherwise);

// What memory is used for; `NOTHING` where the host waits for all that came before.
enum class For { NOTHING, READING, WRITING };

// As many bytes; null where so many are not free, or where others would have taken them since (LIMIT).
void *allocate(size_t bytes, For use);
// False where nothing begins there, where somebody wrote beside it, or another stream may still use it.
bool release(void *begin, For use);
// Whether these bytes are memory of the card that the current stream may use.
bool holds(const void *begin, size_t bytes, For use);

// Whether a kernel may be given a pointer: null, or into memory of the card that the current stream may use. Remembers
// which memory it is.
bool usable(const void *pointer, bool writes);
// Whether the guards are whole of all memory that was remembered; forgets it.
bool intact();

size_t total_bytes();
size_t free_bytes();
// The most bytes that were in use at a time, since the start or since this was forgotten.
size_t most_used();
void forget_most_used();

} // namespace card
