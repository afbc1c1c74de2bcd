/**
 * What it takes to launch a kernel of our own on PyTorch's arrays: the CUDA driver, and an array's memory. Begin at {@link
 * ai.spattention.cuda.KernelLibrary}.
 */
package ai.spattention.cuda;
