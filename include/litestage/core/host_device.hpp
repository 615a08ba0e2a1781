// Marks functions that device code calls too. Without a CUDA compiler they are ordinary inline functions.
#pragma once

#if defined(__CUDACC__)
#define LITESTAGE_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define LITESTAGE_HOST_DEVICE inline
#endif
