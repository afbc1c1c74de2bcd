package ai.spattention.train.terminal;

import java.io.PrintStream;

/** Shows how far a run has come. */
public interface TrainingProgress extends AutoCloseable {

    /**
     * Shows a step that is done.
     *
     * @param step the step, from 1 on
     * @param loss the step's loss
     * @param tokensPerSecond the step's throughput
     */
    void step(long step, double loss, double tokensPerSecond);

    /**
     * Shows a line that stays, on standard error.
     *
     * @param line one or more lines of text, without the last line's end
     */
    void note(String line);

    /**
     * Writes a result without mixing it with what this object shows.
     *
     * @param out gets the text, usually standard output
     * @param text the text; a line's end is added
     */
    void print(PrintStream out, String text);

    /** Ends what is shown. */
    @Override
    void close();
}
