// What the trainer needs of libtorch and gotch's wrapper lacks. The functions
// are part of libtch.so. An exception is kept for the calling thread as those
// of gotch's functions are; a tensor is a pointer as gotch's are.
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The version that libtch.so was compiled for, as "2.11.0".
const char *tx_version(void);

// Makes the process keep memory of the machine that was freed, until it is told
// to give it back: each training step needs as much again, and a new page costs
// more than to fill it.
void tx_keep_memory(void);
void tx_give_memory_back(void);

// Threads of an operation, on this thread; OpenBLAS's, of the process.
void tx_set_threads(int n);
int tx_threads(void);

// Seeds the generators of all devices, of the process.
void tx_manual_seed(int64_t seed);

// Refuses operations that may give another result each time, on this process.
void tx_deterministic(int on);

// Runs matrix products in bfloat16 and sums in float32, on this thread. Calls
// may be nested; weights that were cast are forgotten with the outermost.
void tx_autocast(int cuda, int on);

// Attention softmax(q kᵀ / √d + mask) v of [batch, heads, length, d]; mask is
// additive, of a shape that broadcasts to [batch, heads, length, length], or
// null; dropout is the probability of a weight to be 0.
void *tx_attention(void *q, void *k, void *v, void *mask, double dropout);

// x with elements set to 0 with probability p each and the others scaled by
// 1/(1-p), of 0 <= p < 1.
void *tx_dropout(void *x, double p);

// Scales the gradients of n parameters so that their joint Euclidean norm is at
// most max, and returns the norm before. A parameter may have no gradient.
double tx_clip_grad_norm(void **params, int n, double max);

// Makes the gradients of n parameters undefined, so that the next backward pass
// need not add to them.
void tx_zero_grad(void **params, int n);

// One step of AdamW (arXiv 1711.05101) for n parameters with a gradient; those
// without stay as they are. first and second are the moments, of the shapes of
// the parameters, 0 before the first step; step counts from 1.
void tx_adamw(void **params, void **first, void **second, int n, int64_t step,
              double lr, double beta1, double beta2, double epsilon, double decay);

// Bytes on a CUDA device: in tensors, their peak, held by the allocator, free
// and in all; -1 for what this libtorch does not tell.
void tx_memory(int device, int64_t out[5]);

// Gives unused memory of the CUDA allocator back to the device, and forgets the
// peaks.
void tx_empty_cache(void);

#ifdef __cplusplus
}
#endif
