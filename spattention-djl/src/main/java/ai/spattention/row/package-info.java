/**
 * What a training step does to each token's row besides matrix products, in one GPU launch each; the source is
 * {@code src/main/kernel/rows.py}. Elsewhere the same is done by TorchScript operators.
 */
package ai.spattention.row;
