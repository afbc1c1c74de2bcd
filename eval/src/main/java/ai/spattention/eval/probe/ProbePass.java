package ai.spattention.eval.probe;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/** Windows through a model, as many at a time as its batches take. */
final class ProbePass {

    private final TokenLosses model;
    private final long batchTokens;
    private final LongConsumer progress;

    /** Creates a pass; a batch has at least one window, and progress gets the windows that a batch brought. */
    ProbePass(TokenLosses model, long batchTokens, LongConsumer progress) {
        this.model = model;
        this.batchTokens = batchTokens;
        this.progress = progress;
    }

    /** The losses of windows of one length. */
    List<float[]> losses(List<TokenWindow> windows) {
        int batch = (int) Math.max(1, batchTokens / windows.get(0).length());
        List<float[]> losses = new ArrayList<>();
        List<List<TokenWindow>> together = new ArrayList<>();
        for (int first = 0; first < windows.size(); first += batch) {
            int end = Math.min(windows.size(), first + batch);
            together.add(windows.subList(first, end));
            if (together.size() == model.batchesAtOnce() || end == windows.size()) {
                losses.addAll(model.ofBatches(together));
                progress.accept(together.stream().mapToInt(List::size).sum());
                together = new ArrayList<>();
            }
        }
        return losses;
    }

    /** Shows the first windows of a text to probes, which never hold more of them than are asked for at once. */
    void run(HeldOutText text, int length, long count, List<? extends WindowProbe> probes) throws IOException {
        long atOnce = Math.max(1, batchTokens / length) * model.batchesAtOnce();
        for (long first = 0; first < count; first += atOnce) {
            List<TokenWindow> windows = new ArrayList<>();
            for (long index = first; index < Math.min(count, first + atOnce); index++) {
                windows.add(text.window(index, length));
            }
            List<float[]> losses = losses(windows);
            for (int i = 0; i < windows.size(); i++) {
                for (WindowProbe probe : probes) {
                    probe.add(windows.get(i), losses.get(i));
                }
            }
        }
    }
}
