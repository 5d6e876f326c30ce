#include "streams.h"

#include <algorithm>

namespace card {

namespace {

const Stream PER_THREAD = 2;

// How far each stream is, what each knows to be done of the others, and what the host knows.
Clock now;
std::map<Stream, Clock> known;
Clock done;
Stream current;

void merge(Clock &into, const Clock &from) {
    for (auto [stream, time] : from) {
        into[stream] = std::max(into[stream], time);
    }
}

bool is_over(Stream stream, uint64_t time) {
    return stream == current || time <= done[stream] || time <= known[current][stream];
}

} // namespace

Stream stream_of(void *handle) {
    thread_local char own;
    return (Stream)handle == PER_THREAD ? (Stream)&own : (Stream)handle;
}

void work_on(Stream stream) {
    current = stream;
    now[stream]++;
}

bool use(Uses &uses, bool writes) {
    bool safe = is_over(uses.writer, uses.written);
    if (!writes) {
        uses.read[current] = now[current];
        return safe;
    }
    for (auto [stream, time] : uses.read) {
        safe &= is_over(stream, time);
    }
    uses = {current, now[current], {}};
    return safe;
}

Clock record(Stream stream) {
    Clock event = known[stream];
    event[stream] = now[stream];
    return event;
}

void wait(Stream stream, const Clock &event) {
    merge(known[stream], event);
}

void host_waits(const Clock &event) {
    merge(done, event);
}

void host_waits_for_all() {
    done = now;
}

} // namespace card
