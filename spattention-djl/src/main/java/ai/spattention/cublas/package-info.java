/** Dense matrix products by the cuBLASLt that comes with PyTorch, on addresses instead of arrays. */
package ai.spattention.cublas;
