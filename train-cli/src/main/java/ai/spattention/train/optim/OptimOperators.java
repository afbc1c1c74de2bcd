package ai.spattention.train.optim;

import ai.spattention.torch.TorchScriptModule;

/** The TorchScript operators of this package, loaded once, when first used. */
final class OptimOperators {

    private static final TorchScriptModule MODULE = TorchScriptModule.load(OptimOperators.class, "optim.torchscript");

    private OptimOperators() {}

    static TorchScriptModule module() {
        return MODULE;
    }
}
