package ai.spattention.olmoe.loss;

import ai.spattention.torch.TorchScriptModule;

/** The TorchScript operators of the losses, loaded once, when first used. */
final class LossOperators {

    private static final TorchScriptModule MODULE = TorchScriptModule.load(LossOperators.class, "losses.torchscript");

    private LossOperators() {}

    static TorchScriptModule module() {
        return MODULE;
    }
}
