package ai.spattention.train.loop.step;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.Batch;
import ai.djl.translate.StackBatchifier;
import ai.spattention.train.data.TokenBatch;
import java.util.Optional;

/**
 * The sequences of one forward and backward pass, in the host's memory.
 *
 * @param tokens B sequences of N ids, and the ids that follow them
 * @param documents for each input its document's number in its sequence, B · N of them; empty where attention sees all documents
 */
public record MicroBatch(TokenBatch tokens, Optional<long[]> documents) {

    /** On a device, in a manager of its own, which closing the batch closes. */
    Batch on(NDManager device) {
        NDManager manager = device.newSubManager();
        Shape shape = new Shape(tokens.size(), tokens.length());
        NDList inputs = new NDList(manager.create(tokens.inputs(), shape));
        documents.ifPresent(numbers -> inputs.add(manager.create(numbers, shape)));
        return new Batch(manager, inputs, new NDList(manager.create(tokens.targets(), shape)), tokens.size(), new StackBatchifier(),
                new StackBatchifier(), 0, 1);
    }
}
