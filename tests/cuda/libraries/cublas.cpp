// A replacement of libcublas for gpu::Cublas to open: cublasGemmEx as its documentation describes it, in host memory
// and in double.
#include <cublas_v2.h>

#include <cstdint>
#include <cstring>

namespace {

double number(const void* memory, cudaDataType type, std::int64_t i) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, static_cast<const char*>(memory) + 2 * i, 2);
  if (type != CUDA_R_16BF) return 0;  // tests ask for no other
  const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
  float value = 0;
  std::memcpy(&value, &wide, 4);
  return static_cast<double>(value);
}

}  // namespace

extern "C" {

cublasStatus_t CUBLASWINAPI cublasCreate_v2(cublasHandle_t* handle) {
  *handle = reinterpret_cast<cublasHandle_t>(handle);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t CUBLASWINAPI cublasDestroy_v2(cublasHandle_t) {
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t CUBLASWINAPI cublasSetStream_v2(cublasHandle_t, cudaStream_t) {
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t CUBLASWINAPI cublasSetWorkspace_v2(cublasHandle_t, void*, std::size_t) {
  return CUBLAS_STATUS_SUCCESS;
}
const char* CUBLASWINAPI cublasGetStatusString(cublasStatus_t) {
  return "an unsupported value or parameter was passed";
}
cublasStatus_t CUBLASWINAPI cublasGemmEx(cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n,
                                         int k, const void* alpha, const void* a, cudaDataType a_type, int lda,
                                         const void* b, cudaDataType b_type, int ldb, const void* beta, void* c,
                                         cudaDataType c_type, int ldc, cublasComputeType_t sums, cublasGemmAlgo_t) {
  const bool ta = op_a == CUBLAS_OP_T, tb = op_b == CUBLAS_OP_T;
  if (lda < (ta ? k : m) || ldb < (tb ? n : k) || ldc < m || a_type != b_type || c_type != CUDA_R_32F ||
      sums != CUBLAS_COMPUTE_32F) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = 0; i < m; ++i) {
      double sum = 0;
      for (std::int64_t l = 0; l < k; ++l) {
        sum += number(a, a_type, ta ? l + i * lda : i + l * lda) * number(b, b_type, tb ? j + l * ldb : l + j * ldb);
      }
      float& out = static_cast<float*>(c)[i + j * ldc];
      const double before = *static_cast<const float*>(beta) == 0 ? 0 : static_cast<double>(out);
      out = static_cast<float>(static_cast<double>(*static_cast<const float*>(alpha)) * sum +
                               static_cast<double>(*static_cast<const float*>(beta)) * before);
    }
  }
  return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
