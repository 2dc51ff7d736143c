//go:build ignore

// internal/gotchfit compiles this into libtch.so, in one unit with gotch's
// torch_api.cpp; go build leaves it alone.

#include "torchx.h"

#include <ATen/autocast_mode.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <torch/torch.h>
#include <torch/version.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <cmath>
#include <cstdint>

#define AT_LEAST(major, minor)          \
  (TORCH_VERSION_MAJOR > (major) ||     \
   (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

#if AT_LEAST(2, 9)
#include <c10/core/CachingDeviceAllocator.h>
#endif

namespace {

#define TX_TEXT(x) #x
#define TX_DOTTED(a, b, c) TX_TEXT(a) "." TX_TEXT(b) "." TX_TEXT(c)

torch::Tensor &tx_tensor(void *t) { return *static_cast<torch::Tensor *>(t); }

// libtorch sets the threads of OpenMP and MKL, but not those of OpenBLAS, which
// a process may have in two copies.
void tx_set_blas_threads(int n) {
  for (const char *name : {"libblas.so.3", "libopenblas.so.0"}) {
    void *library = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
    if (library == nullptr) continue;
    if (void *set = dlsym(library, "openblas_set_num_threads"))
      reinterpret_cast<void (*)(int)>(set)(n);
    dlclose(library);
  }
}

// Dropout as at::dropout, but on the CPU with a quarter of the random bits: 16 an
// element, of the same generator, where at::bernoulli_ takes 64 and most of the
// time of a small layer. The probability is rounded to a multiple of 2⁻¹⁶, and the
// scale is that of the rounded one, so that the mean is kept.
torch::Tensor tx_drop(const torch::Tensor &x, double p) {
  if (!x.device().is_cpu()) return at::dropout(x, p, /*train=*/true);
  const int64_t all = 1 << 16, dropped = std::llround(p * all), n = x.numel();
  if (dropped == 0 || dropped == all) return at::dropout(x, p, /*train=*/true);
  auto lanes = at::empty({(n + 3) / 4}, x.options().dtype(at::kLong).requires_grad(false))
                   .random_(INT64_MIN, c10::optional<int64_t>())
                   .view(at::kShort)
                   .narrow(0, 0, n);
  auto kept = lanes.ge(dropped + INT16_MIN).to(x.scalar_type());
  return x * kept.mul_(static_cast<double>(all) / (all - dropped)).view(x.sizes());
}

// Calls f; an exception becomes the thread's last error, as in gotch's functions.
template <class F>
auto tx_try(F f) -> decltype(f()) {
  PROTECT(return f();)
  return decltype(f())();
}

}  // namespace

const char *tx_version(void) {
  return TX_DOTTED(TORCH_VERSION_MAJOR, TORCH_VERSION_MINOR, TORCH_VERSION_PATCH);
}

void tx_keep_memory(void) {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 1);               // other threads' have a size limit
  mallopt(M_MMAP_THRESHOLD, 32 << 20);   // the most that it takes
  mallopt(M_TRIM_THRESHOLD, INT32_MAX);
#endif
}

void tx_give_memory_back(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

void tx_set_threads(int n) {
  tx_try([&] {
    at::set_num_threads(n);
    tx_set_blas_threads(n);
  });
}

int tx_threads(void) { return at::get_num_threads(); }

void tx_manual_seed(int64_t seed) {
  tx_try([&] { torch::manual_seed(seed); });
}

void tx_deterministic(int on) {
  tx_try([&] {
    at::globalContext().setDeterministicAlgorithms(on != 0, /*warn_only=*/false);
    at::globalContext().setDeterministicCuDNN(on != 0);
  });
}

void tx_autocast(int cuda, int on) {
  tx_try([&] {
#if AT_LEAST(2, 4)
    auto device = cuda ? at::kCUDA : at::kCPU;
    at::autocast::set_autocast_dtype(device, at::kBFloat16);
    at::autocast::set_autocast_enabled(device, on != 0);
#else
    if (cuda) {
      at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
      at::autocast::set_enabled(on != 0);
    } else {
      at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
      at::autocast::set_cpu_enabled(on != 0);
    }
#endif
    if (on)
      at::autocast::increment_nesting();
    else if (at::autocast::decrement_nesting() == 0)
      at::autocast::clear_cache();
  });
}

void *tx_attention(void *q, void *k, void *v, void *mask, double dropout) {
  return tx_try([&]() -> void * {
    auto &query = tx_tensor(q);
#if AT_LEAST(2, 0)
    if (dropout == 0 || !query.device().is_cpu()) {
      // Without a mask, not with an undefined one: else CUDA's fused kernels are
      // not considered.
      c10::optional<at::Tensor> m;
      if (mask != nullptr) m = tx_tensor(mask);
      return new torch::Tensor(at::scaled_dot_product_attention(
          query, tx_tensor(k), tx_tensor(v), m, dropout, /*is_causal=*/false));
    }
#endif
    auto weights = at::matmul(query, tx_tensor(k).transpose(-2, -1));
    weights = weights / std::sqrt(static_cast<double>(query.size(-1)));
    if (mask != nullptr) weights = weights + tx_tensor(mask);
    weights = at::softmax(weights, -1);
    if (dropout > 0) weights = tx_drop(weights, dropout);
    return new torch::Tensor(at::matmul(weights, tx_tensor(v)));
  });
}

void *tx_dropout(void *x, double p) {
  return tx_try([&]() -> void * { return new torch::Tensor(tx_drop(tx_tensor(x), p)); });
}

double tx_clip_grad_norm(void **params, int n, double max) {
  return tx_try([&]() -> double {
    torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> grads;
    for (int i = 0; i < n; i++)
      if (tx_tensor(params[i]).grad().defined()) grads.push_back(tx_tensor(params[i]).grad());
    if (grads.empty()) return 0;
    auto norm = at::stack(at::_foreach_norm(grads, 2)).norm(2);
    auto factor = (max / (norm + 1e-6)).item().toDouble();
    if (!(factor >= 1)) at::_foreach_mul_(grads, factor);
    return norm.item().toDouble();
  });
}

void tx_zero_grad(void **params, int n) {
  tx_try([&] {
    for (int i = 0; i < n; i++) tx_tensor(params[i]).mutable_grad().reset();
  });
}

// The order of operations is that of libtorch's own AdamW, so that the bits are
// the same; its moments, though, lie inside of it, where no checkpoint gets at. On
// a GPU, a kernel takes many tensors at once.
void tx_adamw(void **params, void **first, void **second, int n, int64_t step,
              double lr, double beta1, double beta2, double epsilon, double decay) {
  tx_try([&] {
    torch::NoGradGuard no_grad;
    const double correction1 = 1 - std::pow(beta1, step);
    const double correction2 = 1 - std::pow(beta2, step);
    std::vector<torch::Tensor> p, g, m, v;
    for (int i = 0; i < n; i++) {
      if (!tx_tensor(params[i]).grad().defined()) continue;
      p.push_back(tx_tensor(params[i]));
      g.push_back(p.back().grad());
      m.push_back(tx_tensor(first[i]));
      v.push_back(tx_tensor(second[i]));
    }
    if (p.empty()) return;
    if (decay != 0) at::_foreach_mul_(p, 1 - lr * decay);
    at::_foreach_mul_(m, beta1);
    at::_foreach_add_(m, g, 1 - beta1);
    at::_foreach_mul_(v, beta2);
    at::_foreach_addcmul_(v, g, g, 1 - beta2);
    auto scale = at::_foreach_sqrt(v);
    at::_foreach_div_(scale, std::sqrt(correction2));
    at::_foreach_add_(scale, epsilon);
    at::_foreach_addcdiv_(p, m, scale, -lr / correction1);
  });
}

void tx_memory(int device, int64_t out[5]) {
  for (int i = 0; i < 5; i++) out[i] = -1;
  tx_try([&] {
    c10::DeviceGuard guard(at::Device(at::kCUDA, device));
#if AT_LEAST(2, 9)
    auto stats = c10::getDeviceAllocator(at::kCUDA)->getDeviceStats(device);
    out[0] = stats.allocated_bytes[0].current;
    out[1] = stats.allocated_bytes[0].peak;
    out[2] = stats.reserved_bytes[0].current;
#endif
    // By name: CUDA's headers are not always there.
    if (void *info = dlsym(RTLD_DEFAULT, "cudaMemGetInfo")) {
      size_t free_bytes = 0, total_bytes = 0;
      if (reinterpret_cast<int (*)(size_t *, size_t *)>(info)(&free_bytes, &total_bytes) == 0) {
        out[3] = static_cast<int64_t>(free_bytes);
        out[4] = static_cast<int64_t>(total_bytes);
      }
    }
  });
}

void tx_empty_cache(void) {
  tx_try([&] {
#if AT_LEAST(2, 9)
    if (!torch::cuda::is_available()) return;
    auto *allocator = c10::getDeviceAllocator(at::kCUDA);
    allocator->emptyCache();
    for (int i = 0; i < static_cast<int>(torch::cuda::device_count()); i++) allocator->resetPeakStats(i);
#endif
  });
}
