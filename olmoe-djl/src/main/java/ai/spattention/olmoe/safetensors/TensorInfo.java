package ai.spattention.olmoe.safetensors;

import ai.djl.ndarray.types.Shape;

/**
 * Where a tensor stands in a file and what it is.
 *
 * @param name its name
 * @param type its element type
 * @param shape its shape
 * @param offset its first byte, from the beginning of the file
 * @param length its bytes
 */
public record TensorInfo(String name, TensorType type, Shape shape, long offset, long length) {}
