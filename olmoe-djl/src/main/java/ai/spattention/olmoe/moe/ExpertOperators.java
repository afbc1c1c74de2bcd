package ai.spattention.olmoe.moe;

import ai.spattention.torch.TorchScriptModule;

/** The TorchScript operators of the experts, loaded once, when first used. */
final class ExpertOperators {

    private static final TorchScriptModule MODULE = TorchScriptModule.load(ExpertOperators.class, "experts.torchscript");

    private ExpertOperators() {}

    static TorchScriptModule module() {
        return MODULE;
    }
}
