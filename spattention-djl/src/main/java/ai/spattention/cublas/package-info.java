/**
 * Dense matrix products by the cuBLASLt that comes with PyTorch, on addresses instead of arrays. Begin at {@link
 * ai.spattention.cublas.DenseMatmul}.
 */
package ai.spattention.cublas;
