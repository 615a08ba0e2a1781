// Marks what device code calls too. Where no CUDA compiler is at work it is an ordinary inline function.
#pragma once

#if defined(__CUDACC__)
#define LITESTAGE_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define LITESTAGE_HOST_DEVICE inline
#endif
