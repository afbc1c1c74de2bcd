package ai.spattention.torch;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What bodies of operators threw. libtorch cannot carry it: it passes from here to who called the operator, or to the log. */
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
     */
    static void during(Runnable call) {
        Calls calls = HERE.get();
        Throwable outer = calls.failure;
        calls.failure = null;
        calls.open++;
        Throwable failure;
        try {
            call.run();
        } finally {
            calls.open--;
            failure = calls.failure;
            calls.failure = outer;
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
    }

    static void add(String operator, Throwable failure) {
        Calls calls = HERE.get();
        if (calls.open > 0) {
            calls.failure = failure;
        } else { // a backward pass, of which libtorch will only say that it gave an invalid gradient
            LOG.error("{} failed within libtorch's autograd: {}", operator, failure, failure);
        }
    }
}
