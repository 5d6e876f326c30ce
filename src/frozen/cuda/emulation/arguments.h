// Reads a kernel's arguments by the types of its parameters.
#pragma once
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

namespace emulation {

// Like `Argument` of accelerator.rs.
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

template <typename T> T read(const void *address) {
    T result;
    std::memcpy(&result, address, sizeof(T));
    return result;
}

template <typename... A, size_t... I>
bool fit(void (*)(A...), const Value *values, int count, std::index_sequence<I...>) {
    return count == (int)sizeof...(A) && (fits<A>(values[I]) && ...);
}

template <typename... A, size_t... I>
std::tuple<A...> arguments(void (*)(A...), const Value *values, std::index_sequence<I...>) {
    return {read<A>(&values[I].bits)...};
}

// As passed to cuLaunchKernel: an address each, without types.
template <typename... A, size_t... I>
std::tuple<A...> arguments(void (*)(A...), void *const *addresses, std::index_sequence<I...>) {
    return {read<A>(addresses[I])...};
}

template <typename... A> std::index_sequence_for<A...> parameters(void (*)(A...)) {
    return {};
}

// Whether a card may access a pointer's target, for writing if `writes`.
using Usable = bool (*)(const void *pointer, bool writes);

template <typename T> bool is_usable(T, Usable) {
    return true;
}

template <typename T> bool is_usable(T *pointer, Usable usable) {
    return usable(pointer, !std::is_const<T>::value);
}

template <typename... A> bool are_usable(const std::tuple<A...> &arguments, Usable usable) {
    return std::apply([&](A... argument) { return (is_usable(argument, usable) && ...); }, arguments);
}

// The outcome of a launch.
enum Outcome { DONE = 0, OTHER_PARAMETERS = 1, LEFT_AT_BARRIER = 2, UNUSABLE_POINTER = 3 };

} // namespace emulation
