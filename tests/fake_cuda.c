/* The CUDA runtime, its driver and cuDNN as far as ONNX Runtime needs answers from them: two devices whose memory
   is the host's and whose kernels do nothing. What is not here, `fake_cuda.py` adds as a function that returns 0.

   FAKE_CUDA_BYTES: the memory of the devices, together. FAKE_CUDA_FAIL=function:status:count: from its call
   number `count` (the first is 0) on, that function returns the status. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hidden(void) {
  const char *visible = getenv("CUDA_VISIBLE_DEVICES");
  return visible && !*visible ? 100 : 0;
}

#ifdef RUNTIME

enum { HEAD = 64 };

static size_t used, copied;

size_t fake_used(void) { return used; }
size_t fake_copied(void) { return copied; }

static size_t room(void) {
  const char *bytes = getenv("FAKE_CUDA_BYTES");
  return bytes ? strtoull(bytes, NULL, 10) : (size_t)8 << 30;
}

static int failing(const char *function, int *calls) {
  const char *wanted = getenv("FAKE_CUDA_FAIL");
  size_t length = strlen(function);
  int status = 0, count = 0;
  if (wanted && !strncmp(wanted, function, length) && wanted[length] == ':')
    sscanf(wanted + length, ":%d:%d", &status, &count);
  return (*calls)++ >= count ? status : 0;
}

#define MAY_FAIL(function) \
  do { static int calls; int status = failing(function, &calls); if (status) return status; } while (0)

struct properties {  /* the beginning of cudaDeviceProp of CUDA 13 */
  char name[256], uuid[16], luid[8];
  unsigned mask;
  size_t memory, shared;
  int registers, warp;
  size_t pitch;
  int threads, block[3], grid[3];
  size_t constant;
  int major, minor;
  size_t alignment, pitch_alignment;
  int processors;
};

int cudaGetDeviceProperties(struct properties *p, int device) {
  MAY_FAIL("cudaGetDeviceProperties");
  memset(p, 0, sizeof *p);
  strcpy(p->name, "Toy GPU");
  p->memory = room(), p->shared = 49152, p->registers = 65536, p->warp = 32, p->threads = 1024;
  p->block[0] = p->block[1] = 1024, p->block[2] = 64;
  p->grid[0] = 2147483647, p->grid[1] = p->grid[2] = 65535;
  p->constant = 65536, p->major = 9, p->minor = 0, p->processors = 100;
  return 0;
}

int cudaGetDeviceCount(int *count) { *count = 2; return hidden(); }
int cudaGetDevice(int *device) { *device = 0; return 0; }
int cudaSetDevice(int device) { MAY_FAIL("cudaSetDevice"); return 0; }
int cudaDriverGetVersion(int *version) { *version = 99000; return 0; }
int cudaRuntimeGetVersion(int *version) { *version = 13000; return 0; }
int cudaMemGetInfo(size_t *rest, size_t *all) {
  MAY_FAIL("cudaMemGetInfo");
  *all = room(), *rest = room() - used;
  return 0;
}

int cudaMalloc(void **pointer, size_t bytes) {
  MAY_FAIL("cudaMalloc");
  if (used + bytes > room()) return 2;
  char *block = calloc(1, bytes + HEAD);
  *(size_t *)block = bytes;
  used += bytes, *pointer = block + HEAD;
  return 0;
}

int cudaFree(void *pointer) {
  if (!pointer) return 0;
  char *block = (char *)pointer - HEAD;
  used -= *(size_t *)block;
  free(block);
  return 0;
}

int cudaHostAlloc(void **pointer, size_t bytes, unsigned flags) { *pointer = calloc(1, bytes); return 0; }
int cudaMallocHost(void **pointer, size_t bytes) { return cudaHostAlloc(pointer, bytes, 0); }
int cudaFreeHost(void *pointer) { free(pointer); return 0; }

int cudaMemcpy(void *to, const void *from, size_t bytes, int kind) {
  memmove(to, from, bytes);
  if (kind == 1 || kind == 2) copied += bytes;  /* to the device, or back */
  return 0;
}
int cudaMemcpyAsync(void *to, const void *from, size_t bytes, int kind, void *stream) {
  MAY_FAIL("cudaMemcpyAsync");
  return cudaMemcpy(to, from, bytes, kind);
}
int cudaMemset(void *to, int value, size_t bytes) { memset(to, value, bytes); return 0; }
int cudaMemsetAsync(void *to, int value, size_t bytes, void *stream) { return cudaMemset(to, value, bytes); }

int cudaStreamCreateWithFlags(void **stream, unsigned flags) {
  static size_t count;
  *stream = (void *)(16 * ++count);
  return 0;
}
int cudaStreamCreate(void **stream) { return cudaStreamCreateWithFlags(stream, 0); }
int cudaStreamIsCapturing(void *stream, int *is) { *is = 0; return 0; }
int cudaEventCreateWithFlags(void **event, unsigned flags) { *event = (void *)1; return 0; }
int cudaEventCreate(void **event) { return cudaEventCreateWithFlags(event, 0); }
int cudaDeviceGetAttribute(int *value, int attribute, int device) { *value = attribute == 75 ? 9 : attribute == 76 ? 0 : 64; return 0; }
int cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks) { *blocks = 2; return 0; }
int cudaFuncGetAttributes(struct { size_t sizes[3]; int threads, registers, ptx, binary; } *a, const void *function) {
  a->threads = 1024, a->registers = 32, a->ptx = a->binary = 90;
  return 0;
}
int cudaPointerGetAttributes(int *attributes, const void *pointer) { memset(attributes, 0, 24); attributes[0] = 2; return 0; }
int cudaGetLastError(void) { MAY_FAIL("cudaGetLastError"); return 0; }
int cudaGetDriverEntryPointByVersion(const char *name, void **function, unsigned version, unsigned long long flags, int *found) {
  *function = NULL;
  if (found) *found = 1;
  return 0;
}
void **__cudaRegisterFatBinary(void *code) { static void *handle; return &handle; }

const char *cudaGetErrorName(int status) { return status == 209 ? "cudaErrorNoKernelImageForDevice" : "cudaErrorToy"; }
const char *cudaGetErrorString(int status) {
  switch (status) {
    case 2: return "out of memory";
    case 46: return "CUDA-capable device(s) is/are busy or unavailable";
    case 209: return "no kernel image is available for execution on the device";
    default: return "a toy's failure";
  }
}

#endif
#ifdef DRIVER

int cuInit(unsigned flags) { return hidden(); }
int cuDriverGetVersion(int *version) { *version = 99000; return 0; }
int cuDeviceGetCount(int *count) { *count = 2; return 0; }
int cuDeviceGet(int *device, int index) { *device = index; return 0; }
int cuDeviceGetName(char *name, int length, int device) { strcpy(name, "Toy GPU"); return 0; }

#endif
#ifdef CUDNN

size_t cudnnGetVersion(void) { return 91500; }
const char *cudnnGetErrorString(int status) { return "a toy's failure"; }
void cudnnGetLastErrorString(char *text, size_t length) { *text = 0; }
int cudnnCreate(void **handle) { *handle = (void *)1; return 0; }
int cudnnBackendCreateDescriptor(int type, void **descriptor) {
  static size_t count;
  *descriptor = (void *)(16 * ++count);
  return 0;
}
/* One engine for everything, without notes (types 11 and 19), that needs no memory. */
int cudnnBackendGetAttribute(void *descriptor, int name, int type, int64_t wanted, int64_t *count, void *out) {
  if (count) *count = type != 11 && type != 19;
  if (out && wanted && type != 15) memset(out, 0, type == 0 || type == 3 ? 8 : 4);
  return 0;
}

#endif
