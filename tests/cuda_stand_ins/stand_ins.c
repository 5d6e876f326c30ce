/* Stand-ins for NVIDIA's driver and libraries: they compute nothing, and say what the environment tells them to.
 *
 *   STAND_IN_cuInit=100            the function of this name returns this code
 *   STAND_IN_GPUS=2                so many GPUs
 *   STAND_IN_CAPABILITY=75         their compute capability, times ten
 *   STAND_IN_TOTAL, STAND_IN_FREE  their memory in bytes
 *   STAND_IN_DRIVER=12040          the CUDA that the driver knows, as cuDriverGetVersion writes it
 *
 * Functions that are not here return 0, or the code the environment tells: `make.sh` makes them. What the virtual card
 * has functions of its own for (`../virtual_card`) is weak.
 * Signatures: cuda.h, cublas_v2.h, curand.h, cudnn.h. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

long long stand_in_number(const char *name, long long otherwise) {
    char variable[128];
    snprintf(variable, sizeof variable, "STAND_IN_%s", name);
    const char *value = getenv(variable);
    return value ? atoll(value) : otherwise;
}

#define ANSWER return (int)stand_in_number(__func__, 0)
#define WEAK __attribute__((weak))

/* What functions that are not here return. */
WEAK long long stand_in_other(const char *name) { return stand_in_number(name, 0); }

/* No address that anything may be read from. */
static void *const handle = (void *)0x1000;

int cuInit(unsigned flags) { ANSWER; }

int cuDriverGetVersion(int *version) {
    *version = (int)stand_in_number("DRIVER", 13000);
    ANSWER;
}

int cuDeviceGetCount(int *count) {
    *count = (int)stand_in_number("GPUS", 1);
    ANSWER;
}

int cuDeviceGet(int *device, int number) {
    *device = number;
    ANSWER;
}

int cuDeviceGetName(char *name, int length, int device) {
    snprintf(name, (size_t)length, "NVIDIA Abacus %d", device);
    ANSWER;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) {
    *bytes = (size_t)stand_in_number("TOTAL", 8LL << 30);
    ANSWER;
}

/* CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR is 75, MINOR is 76. */
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    int capability = (int)stand_in_number("CAPABILITY", 90);
    *value = attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : 1;
    ANSWER;
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
    *context = handle;
    ANSWER;
}

WEAK int cuCtxGetCurrent(void **context) {
    *context = NULL;
    ANSWER;
}

WEAK int cuMemGetInfo_v2(size_t *free, size_t *total) {
    *total = (size_t)stand_in_number("TOTAL", 8LL << 30);
    *free = (size_t)stand_in_number("FREE", 7LL << 30);
    ANSWER;
}

WEAK int cuModuleLoadData(void **module, const void *image) {
    *module = handle;
    ANSWER;
}

int cuGetErrorString(int code, const char **text) {
    *text = "an error of a stand-in";
    ANSWER;
}

WEAK int cublasCreate_v2(void **created) {
    *created = handle;
    ANSWER;
}

WEAK int cudnnCreate(void **created) {
    *created = handle;
    ANSWER;
}

int curandCreateGenerator(void **created, int kind) {
    *created = handle;
    ANSWER;
}
