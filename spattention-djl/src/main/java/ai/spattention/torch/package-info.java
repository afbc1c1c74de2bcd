/** Operators written in TorchScript, assembled and loaded by Java alone. */
package ai.spattention.torch;
