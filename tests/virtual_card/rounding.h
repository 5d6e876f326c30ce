// Numbers as a card's tensor cores take them.
#pragma once
#include <cstdint>
#include <cstring>
#include <vector>

namespace card {

// Only so many of a number's 23 bits after the point, rounded to even.
inline float rounded(float value, int bits) {
    uint32_t word, dropped = 23 - bits;
    memcpy(&word, &value, sizeof word);
    if (dropped == 0 || value - value != 0) {
        return value;
    }
    word += (1u << (dropped - 1)) - 1 + (word >> dropped & 1);
    word &= ~0u << dropped;
    memcpy(&value, &word, sizeof word);
    return value;
}

// A number of bf16, which is the upper half of a float.
inline float of_half(uint16_t half) {
    uint32_t word = (uint32_t)half << 16;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

inline uint16_t half_of(float value) {
    value = rounded(value, 7);
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    return word >> 16;
}

inline std::vector<float> rounded(const float *values, size_t count, int bits) {
    std::vector<float> found(values, values + count);
    for (float &value : found) {
        value = rounded(value, bits);
    }
    return found;
}

} // namespace card
