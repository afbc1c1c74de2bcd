package ai.spattention.cuda;

/**
 * How many programs of a kernel run.
 *
 * @param x along the first axis, the fastest
 * @param y along the second axis
 * @param z along the third axis
 */
public record Grid(int x, int y, int z) {}
