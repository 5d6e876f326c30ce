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

// As many bytes; null where so many are not free.
void *allocate(size_t bytes);
// False where nothing begins there, or somebody wrote beside it.
bool release(void *begin);
// Whether these bytes are memory of the card.
bool holds(const void *begin, size_t bytes);

// Whether a kernel may be given a pointer: into memory of the card, or null. Remembers which memory it is.
bool usable(const void *pointer);
// Whether the guards are whole of all memory that was remembered; forgets it.
bool intact();

size_t total_bytes();
size_t free_bytes();

} // namespace card
