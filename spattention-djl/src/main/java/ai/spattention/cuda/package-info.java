/** What it takes to launch a kernel of our own on PyTorch's arrays: the CUDA driver, and an array's memory. */
package ai.spattention.cuda;
