package ai.spattention.eval.probe;

import java.io.IOException;

/** A text that a model has not learnt from, as tokens. Window i of length N begins at token i · N; only the last tokens are left out. */
public interface HeldOutText {

    /**
     * What people call it.
     *
     * @return its name
     */
    String name();

    /**
     * The id that ends a document.
     *
     * @return the id
     */
    int eosId();

    /**
     * How many windows there are.
     *
     * @param length N, at least 1
     * @return the number of windows of N tokens and the token after each
     */
    long count(int length);

    /**
     * Reads a window.
     *
     * @param index its index, in [0, count)
     * @param length N
     * @return the window
     * @throws IOException if reading fails
     */
    TokenWindow window(long index, int length) throws IOException;
}
