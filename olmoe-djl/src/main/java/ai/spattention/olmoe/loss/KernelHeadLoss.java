package ai.spattention.olmoe.loss;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.spattention.row.RowKernels;
import ai.spattention.torch.Scopes;
import ai.spattention.torch.TorchScriptModule;

/** What {@link HeadLoss} computes, with the losses and their gradients by a GPU kernel that reads and writes the logits once. */
final class KernelHeadLoss {

    private KernelHeadLoss() {}

    /**
     * The loss and its gradients.
     *
     * @param hidden [T, D], bfloat16
     * @param weight [V, D]
     * @param targets [T]
     * @param sliceTokens tokens of a slice
     * @return the loss, the gradients of hidden [T, D] and weight [V, D], attached to the hidden states' manager
     */
    static NDList of(NDArray hidden, NDArray weight, NDArray targets, int sliceTokens) {
        TorchScriptModule module = LossOperators.module();
        try (NDManager scope = Scopes.over(hidden, weight, targets);
                NDManager scalars = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDList shared = module.call("head_begin", true, hidden, weight, targets);
            NDArray matrix = shared.get(0);
            NDArray count = shared.get(1);
            NDArray losses = shared.get(2);
            NDArray hiddenGradient = shared.get(3);
            NDArray weightGradient = shared.get(4);
            long tokens = hidden.getShape().get(0);
            for (long first = 0; first < tokens; first += sliceTokens) {
                NDArray slice = scalars.create(new long[] {first, Math.min(first + sliceTokens, tokens)});
                try (NDArray logits = module.call("head_logits", true, hidden, matrix, slice).singletonOrThrow()) {
                    RowKernels.crossEntropy(logits, targets, losses, count, first);
                    module.call("head_gradients", true, logits, hidden, matrix, hiddenGradient, weightGradient, slice).close();
                }
            }
            NDArray loss = module.call("head_mean", true, losses, count).singletonOrThrow();
            return scope.ret(new NDList(loss, hiddenGradient, weightGradient));
        }
    }
}
