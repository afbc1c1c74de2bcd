package ai.spattention.torch;

import ai.djl.ndarray.NDList;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What bodies of operators threw. libtorch passes only the message on: the rest goes from here to who called the operator, or the log. */
final class OperatorFailures {

    private static final Logger LOG = LoggerFactory.getLogger(AutogradOperator.class);

    private static final ThreadLocal<Calls> HERE = ThreadLocal.withInitial(Calls::new);

    /** A thread's calls that were begun by {@link #during}. */
    private static final class Calls {
        private int open;
        private Throwable failure;
    }

    private OperatorFailures() {}

    /**
     * Runs a call of an operator, and throws what its body threw.
     *
     * @param call the call
     * @return what it gave
     */
    static NDList during(Supplier<NDList> call) {
        Calls calls = HERE.get();
        Throwable outer = calls.failure;
        calls.failure = null;
        calls.open++;
        try {
            return call.get();
        } catch (RuntimeException e) {
            if (calls.failure instanceof RuntimeException failure) {
                throw failure;
            }
            if (calls.failure instanceof Error failure) {
                throw failure;
            }
            throw e;
        } finally {
            calls.open--;
            calls.failure = outer;
        }
    }

    static void add(String operator, Throwable failure) {
        Calls calls = HERE.get();
        if (calls.open > 0) {
            calls.failure = failure;
        } else { // a backward pass, of which libtorch will say no more than the message
            LOG.error("{} failed within libtorch's autograd: {}", operator, failure, failure);
        }
    }
}
