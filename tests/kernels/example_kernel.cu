// The example of docs/adding-a-kernel.md as device code.
#include "kernels/example_kernel.cuh"
#include "litestage/kernels/cuda_launch.cuh"

template void litestage::kernels::cuda::launch<litestage::kernels::LargestMagnitude>(void*, const Grid&,
                                                                                     const LargestMagnitude::Params&);
