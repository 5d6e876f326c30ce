// How much passes between the host and a virtual card, what the card is given, and how often the host waits.
#pragma once
#include <cstddef>

namespace card {

// The card has something to do.
void gets_work();
// A kernel, or a library's product or convolution by its function's name.
void is_launched(const char *kernel);
// The host waits until the card has done all it got; where that is nothing it does not count.
void is_waited_for();
void is_sent(size_t bytes);
void sends(size_t bytes);

} // namespace card
