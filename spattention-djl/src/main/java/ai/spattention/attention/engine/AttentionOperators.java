package ai.spattention.attention.engine;

import ai.spattention.torch.TorchScriptModule;

/** The TorchScript attention operators, loaded once, when first used. */
final class AttentionOperators {

    private static final TorchScriptModule MODULE =
            TorchScriptModule.load(AttentionOperators.class, "attention.torchscript");

    private AttentionOperators() {}

    static TorchScriptModule module() {
        return MODULE;
    }
}
