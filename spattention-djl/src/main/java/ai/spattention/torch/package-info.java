/**
 * What this project asks of libtorch beyond DJL's arrays: operators written in TorchScript, assembled and loaded by Java alone ({@link
 * ai.spattention.torch.TorchScriptModule}), backward passes of its own in autograd ({@link ai.spattention.torch.AutogradFunction}), memory.
 * Begin at {@link ai.spattention.torch.TorchScriptModule}.
 */
package ai.spattention.torch;
