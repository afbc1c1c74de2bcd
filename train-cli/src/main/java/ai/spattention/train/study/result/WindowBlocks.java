package ai.spattention.train.study.result;

import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.measure.WindowMeans;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A run as its study keeps it: windows merged to blocks of neighbours. All windows of all runs would be most of {@value StudyResult#FILE_NAME};
 * and neighbours are often of one document, so that blocks are nearer to independent draws than windows are.
 */
final class WindowBlocks {

    /** Of a bin. */
    private static final int MOST = 64;
    /** Of a block's mean: far below what blocks differ by. */
    private static final int DIGITS = 4;

    private WindowBlocks() {}

    /** The run with blocks in the place of windows; sums over whole bins stay what they are. A run that has them already stays as it is. */
    static RunResult of(RunResult run) {
        Map<String, HeldOutLoss> heldOut = new LinkedHashMap<>();
        run.heldOut().forEach((set, loss) -> heldOut.put(set, new HeldOutLoss(loss.nats(), loss.bytes(), blocks(loss.windows()))));
        return new RunResult(run.formatVersion(), run.part(), run.arm(), run.seed(), run.configurationDigest(), run.dataDigest(), run.steps(),
                run.tokens(), run.totalParams(), run.activeParams(), heldOut, run.probes().stream().map(WindowBlocks::of).toList(),
                run.curve(), run.tokensPerSecond(), run.device());
    }

    private static Measurement of(Measurement measured) {
        return new Measurement(measured.probe(), measured.layout(), measured.set(), measured.unit(), measured.isLossLike(),
                measured.bins().stream().map(bin -> new Bin(bin.label(), bin.from(), bin.to(), bin.moments(), blocks(bin.windows()))).toList());
    }

    private static WindowMeans blocks(WindowMeans windows) {
        return windows.merged(MOST, DIGITS);
    }
}
