// What runs before what on the virtual card. It computes everything at once, in the order of the calls; a real card
// keeps that order in each stream only. So it is followed which use of memory is certain to come before which, and
// where two may meet on a real card, that is told.
#pragma once
#include <cstdint>
#include <map>

namespace card {

// CU_STREAM_PER_THREAD is another one in every thread.
using Stream = uintptr_t;
// How much of each stream is done.
using Clock = std::map<Stream, uint64_t>;

Stream stream_of(void *handle);

// Who used some memory, and when.
struct Uses {
    Stream writer = 0;
    uint64_t written = 0;
    Clock read;
};

// The stream on which the call that is running works, from here on.
void work_on(Stream stream);
// False where another stream's use may not be over.
bool use(Uses &uses, bool writes);

// An event takes place where a stream is now; a stream, or the host, waits for it.
Clock record(Stream stream);
void wait(Stream stream, const Clock &event);
void host_waits(const Clock &event);
void host_waits_for_all();

} // namespace card
