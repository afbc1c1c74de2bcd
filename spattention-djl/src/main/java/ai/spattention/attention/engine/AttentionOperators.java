package ai.spattention.attention.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.torch.TorchScriptModule;

/** The TorchScript attention operators, loaded once, when first used. */
final class AttentionOperators {

    private static final TorchScriptModule MODULE =
            TorchScriptModule.load(AttentionOperators.class, "attention.torchscript");

    private AttentionOperators() {}

    static TorchScriptModule module() {
        return MODULE;
    }

    /** The documents as the operators take them: an empty array says that there is only one. */
    static NDArray documents(NDArray documents, NDManager scope) {
        return documents == null ? scope.create(new Shape(0), DataType.INT64) : documents;
    }
}
