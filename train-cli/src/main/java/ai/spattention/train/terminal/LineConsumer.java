package ai.spattention.train.terminal;

import ai.spattention.olmoe.io.VisibleText;
import java.util.function.IntSupplier;
import me.tongfei.progressbar.ProgressBarConsumer;

/** Takes a bar's pictures to the line. */
record LineConsumer(StatusLine line, IntSupplier columns) implements ProgressBarConsumer {

    @Override
    public int getMaxRenderedLength() {
        return columns.getAsInt() - 1; // a full last column would break the line
    }

    @Override
    public void accept(String picture) {
        line.show(VisibleText.line(picture));
    }

    @Override
    public void close() {
        line.end();
    }
}
