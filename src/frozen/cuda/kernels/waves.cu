// The waves of spectra (`waves.rs`): the numbers between the spectrum and the products with tables of sines and cosines.
#include "common.cuh"

// Multiplies each complex number of spectrum [channels, waves, 2] by its gain [waves], and writes both
// [channels, 2, waves, 2]: the products of a channel, then the same products times i. One thread for each of `count` complex
// numbers of the spectrum.
extern "C" __global__ void waves_spread(const float *spectrum, const float *gains, float *both, int waves,
                                        long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    long long channel = i / waves, wave = i % waves;
    float real = spectrum[2 * i] * gains[wave], imaginary = spectrum[2 * i + 1] * gains[wave];
    float *plain = both + 4 * channel * waves + 2 * wave, *turned = plain + 2 * (long long)waves;
    plain[0] = real;
    plain[1] = imaginary;
    turned[0] = -imaginary;
    turned[1] = real;
}

// The gradient of the spectrum from that of `both`.
extern "C" __global__ void waves_gather(const float *both, const float *gains, float *spectrum, int waves,
                                        long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    long long channel = i / waves, wave = i % waves;
    const float *plain = both + 4 * channel * waves + 2 * wave, *turned = plain + 2 * (long long)waves;
    spectrum[2 * i] = (plain[0] + turned[1]) * gains[wave];
    spectrum[2 * i + 1] = (plain[1] - turned[0]) * gains[wave];
}
